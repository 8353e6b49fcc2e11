"""What can be wrong with a configuration file, and how it is said.

One fault is one line, `FILE:LINE: KEY: MESSAGE`, the form that editors jump to. An error keeps the
daemon from starting, a warning does not. No value of the file is repeated unless a check says so
itself: a secret in the wrong place must not reach a terminal or a log.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from parsers.text import folded

Location = tuple[str | int, ...]


class Severity(StrEnum):
    """Whether the daemon starts all the same."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong. `line` counts from 1, 0 when the whole file is meant; `key` may be ""."""

    file: Path
    line: int
    key: str
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        """Return the line for people and editors."""
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        mark = "warning: " if self.severity is Severity.WARNING else ""
        return ": ".join(part for part in (place, self.key, mark + self.message) if part)


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault before its line is known: `loc` is the path of keys and indexes to it."""

    loc: Location
    message: str
    severity: Severity = Severity.ERROR

    @property
    def key(self) -> str:
        """Return the keys of the path, without the indexes that a line number makes needless."""
        return ".".join(part for part in self.loc if isinstance(part, str))


class ConfigFaults(Exception):  # noqa: N818 - the plural says that all of them are in it
    """The configuration has errors. `faults` holds all of them, and the warnings."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


# pydantic's word for an error -> ours. What is not here keeps pydantic's sentence.
_SENTENCES = {
    "missing": "is missing",
    "string_type": "must be a text in quotes",
    "int_type": "must be a whole number, without quotes",
    "bool_type": "must be true or false, without quotes",
    "tuple_type": "must be a list, [...]",
    "frozen_set_type": "must be a list, [...]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "literal_error": "must be one of {expected}",
    "string_too_short": "must not be empty",
    "too_short": "must name at least one",
}


def findings(error: ValidationError, model: type[BaseModel]) -> list[Finding]:
    """Return pydantic's errors in our words; `model` is what was validated."""
    errors = error.errors(include_url=False, include_input=False)
    around = {tuple(e["loc"][:end]) for e in errors for end in range(len(e["loc"]))}
    return [
        Finding(tuple(e["loc"]), _sentence(e, model))
        for e in errors
        if tuple(e["loc"]) not in around  # a list is also "too short" when its one item is bad
    ]


def _sentence(error: Any, model: type[BaseModel]) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return "is not a key of this section" + _nearest(error["loc"], model)
    sentence = _SENTENCES.get(kind)
    if sentence is not None:
        return sentence.format_map(context)
    message: str = error["msg"]
    return message.replace("Input should be", "must be")


def _nearest(loc: Location, model: type[BaseModel]) -> str:
    """Return a hint at the key that was probably meant, or ""."""
    section = section_of(model, loc[:-1])
    wrong = loc[-1]
    if section is None or not isinstance(wrong, str):
        return ""
    return did_you_mean(wrong, section.model_fields)


def did_you_mean(wrong: str, known: Iterable[str]) -> str:
    """Return a hint at the name that was probably meant, however it is written, or ""."""
    names = {folded(name): name for name in known}
    near = difflib.get_close_matches(folded(wrong), names, n=1)
    return f"; did you mean {names[near[0]]}?" if near else ""


def section_of(model: type[BaseModel], loc: Location) -> type[BaseModel] | None:
    """Return the model of the section at `loc`, None when there is none."""
    section: type[BaseModel] | None = model
    for part in loc:
        if isinstance(part, int) or section is None:
            continue
        field = section.model_fields.get(part)
        if field is not None:
            section = model_in(field.annotation)
    return section


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model inside an annotation such as `tuple[Site, ...]`, None without one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (model_in(a) for a in getattr(annotation, "__args__", ()))
    return next((m for m in inner if m is not None), None)
