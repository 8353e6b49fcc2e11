"""The configuration: one TOML file, read once at start into frozen values.

Unknown keys are errors. All faults are found at once, each with its line and key. Paths inside are
relative to the file. Secrets are references (see config_secrets). The sections are in
config_sections, config_rules and config_federation, the rules that span them in config_checks.
Nothing here opens a socket or the store.
"""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from gateway.config.checks import cross_check
from gateway.config.convert import policy, registry, roster
from gateway.config.doubts import doubts
from gateway.config.faults import ConfigFaults, Fault, Finding, Severity, findings
from gateway.config.lines import find_lines, line_of
from gateway.config.root import Config

__all__ = [
    "Config",
    "ConfigFaults",
    "Fault",
    "Severity",
    "UnreadableError",
    "examine",
    "load",
    "placed",
    "policy",
    "read_text",
    "registry",
    "roster",
]
MAX_BYTES = 16 * 1024 * 1024  # a federation of tens of thousands of sites fits
_AT_LINE = " (at line "
_HINTS = {  # what tomllib says -> what it usually means here
    "Cannot overwrite a value": (
        "; the key is there twice: is the line with its [section] still behind a #?"
    ),
    "Illegal character '\\n'": "; a quote is not closed",
    "Invalid value": '; text stands in quotes: name = "TPM"',
}


def load(path: Path) -> Config:
    """Read a configuration; raises ConfigFaults with every fault when any of them is an error."""
    config, faults = examine(path)
    if config is None:
        raise ConfigFaults(faults)
    return config


def examine(path: Path) -> tuple[Config | None, tuple[Fault, ...]]:
    """Return the configuration (None with an error in it) and all its faults in order of lines."""
    path = path.absolute()
    try:
        raw = read_text(path)
        document = tomllib.loads(raw)
    except tomllib.TOMLDecodeError as error:
        return None, (_syntax_fault(path, raw, error),)
    except UnreadableError as error:
        return None, (Fault(path, 0, "", str(error)),)
    found: list[Finding] = []
    config = None
    try:
        config = Config.model_validate(document, context={"base": path.parent})
        config._file = path  # noqa: SLF001 - our own field, set here only
        found += doubts(config)
    except ValidationError as error:
        found += findings(error, Config)
    found += cross_check(document)
    lines = find_lines(raw)
    faults = [Fault(path, line_of(lines, f.loc), f.key, f.message, f.severity) for f in found]
    faults.sort(key=lambda fault: (fault.line, fault.key))
    if any(fault.severity is Severity.ERROR for fault in faults):
        config = None
    return config, tuple(faults)


def placed(config: Config, found: Iterable[Finding]) -> tuple[Fault, ...]:
    """Return findings of what a configuration names (files, certificates) with their lines."""
    try:
        lines = find_lines(read_text(config.file))
    except UnreadableError:
        lines = {}
    return tuple(
        Fault(config.file, line_of(lines, f.loc), f.key, f.message, f.severity) for f in found
    )


class UnreadableError(Exception):
    """The file cannot be read as text at all."""


def read_text(path: Path) -> str:
    """Return the file as text; raises UnreadableError."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        told = "cannot be read: No such file or directory: name yours with --config FILE"
        raise UnreadableError(f"{told}, or in $TICKETGATE_CONFIG") from None
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}") from None
    if len(raw) > MAX_BYTES:
        raise UnreadableError(f"is longer than {MAX_BYTES} bytes")
    try:
        return raw.decode("utf-8-sig")  # some editors begin with a byte order mark
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise UnreadableError(f"is not UTF-8 (line {line})") from None


def _syntax_fault(path: Path, raw: str, error: tomllib.TOMLDecodeError) -> Fault:
    """Return tomllib's complaint with its line taken out of the sentence."""
    message, at_line, place = str(error).rpartition(_AT_LINE)
    if not at_line:  # "(at end of document)"
        return Fault(path, raw.count("\n") + 1, "", f"not TOML: {error}")
    hint = _HINTS.get(message, "")
    return Fault(path, int(place.split(",")[0]), "", f"not TOML: {message}{hint}")
