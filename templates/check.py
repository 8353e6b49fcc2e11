"""Checking a directory of templates before it speaks: every mail is rendered with sample values.

For `check-config`. It names all faults at once, and files that no mail would ever use.
"""

from dataclasses import dataclass
from pathlib import Path

from templates.render import BUILT_IN, BrokenTemplate, Speaker
from templates.samples import SAMPLES, settings


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """What is wrong in which file; `line` is 0 when the whole file is meant."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        """Return the form that editors and people can follow: `file:line: what`."""
        return f"{self.file}:{self.line}: {self.what}" if self.line else f"{self.file}: {self.what}"


def check_templates(directory: Path | None) -> list[Fault]:
    """Return every fault of the built-in templates with those of `directory` in front of them."""
    if directory is not None and not directory.is_dir():
        return [Fault(str(directory), 0, "is not a directory")]
    faults = {*_strangers(directory)} if directory is not None else set()
    speaker = Speaker(directory)
    for name, (kind, values) in SAMPLES.items():
        for setting in settings(kind):
            try:
                speaker.render(kind, values, setting)
            except BrokenTemplate as error:
                faults.add(Fault(error.file, error.line, f"{error.why} (sample {name})"))
    return sorted(_once(faults))


def _once(faults: set[Fault]) -> list[Fault]:
    """Keep one sample of each fault: the same line breaks many mails."""
    first: dict[tuple[str, int], Fault] = {}
    for fault in sorted(faults):
        first.setdefault((fault.file, fault.line), fault)
    return list(first.values())


def _strangers(directory: Path) -> list[Fault]:
    known = {path.relative_to(BUILT_IN) for path in BUILT_IN.rglob("*") if path.is_file()}
    return [
        Fault(str(path), 0, "is no template of any mail; the names are KIND/subject.txt and so on")
        for path in sorted(directory.rglob("*"))
        if path.suffix in {".txt", ".html"} and path.relative_to(directory) not in known
    ]
