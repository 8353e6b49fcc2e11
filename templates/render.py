"""Speaking: values in, subject and body out, by the templates of one mail kind.

Each kind has a folder `mails/KIND/` with subject.txt, body.txt and body.html; an alarm has only the
text, because its subject is read by programs and fixed (parsers.alarm_text). A directory of the
operator may hold any of these files under the same path; it wins file by file. Templates run in a
sandbox, know only the values of their mail, and must not use a name that has no value.
This file never reads a ticket, a clock or a mail.
"""

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, FileSystemLoader, FunctionLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from parsers.reply import REPLY_MARKER
from router.words import MailKind
from templates.clean import bullet, clean, item, one_line, said, size, tidy, wrap
from templates.facts import added, facts, moment

TEXT_ALONE = frozenset({MailKind.ALARM})
BUILT_IN = Path(__file__).parent / "mails"
# Read with the program: an upgrade changes the files beside a daemon that runs on.
_OURS = {
    path.relative_to(BUILT_IN).as_posix(): (path.read_text("utf-8"), str(path), None)
    for path in BUILT_IN.rglob("*.*")
    if path.suffix in {".txt", ".html"}
}


class BrokenTemplate(Exception):  # noqa: N818 - reads as what it is
    """A template cannot be used: `file` and `line` (0 when unknown) say where, `why` says what."""

    def __init__(self, file: str, line: int, why: str) -> None:
        super().__init__(f"{file}:{line}: {why}" if line else f"{file}: {why}")
        self.file = file
        self.line = line
        self.why = why


@dataclass(frozen=True, slots=True)
class Spoken:
    """One mail's words. `subject` is one line; `html` is "" for a mail of plain text alone."""

    subject: str
    text: str
    html: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An attachment that does not travel with the mail; `link` is "" when there is none."""

    name: str
    size: int
    link: str = ""


@dataclass(frozen=True, slots=True)
class Setting:
    """What the row of a mail adds to its values.

    `answerable` says that an answer reaches the ticket. `left_out` are attachments that stay here.
    """

    ticket: int
    date: datetime
    answerable: bool = True
    left_out: Sequence[LeftOut] = field(default_factory=tuple)


class Speaker:
    """Renders mails. `override_dir` holds an operator's own files; None for the built-in ones."""

    def __init__(self, override_dir: Path | None = None) -> None:
        own = [] if override_dir is None else [FileSystemLoader(override_dir)]
        self._jinja = ImmutableSandboxedEnvironment(
            loader=ChoiceLoader([*own, FunctionLoader(_OURS.get)]),
            undefined=StrictUndefined,
            autoescape=lambda name: name is not None and name.endswith(".html"),
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._jinja.filters |= {"wrap": wrap, "bullet": bullet, "said": said, "size": size}
        self._jinja.filters |= {"item": item, "moment": moment, "added": added}
        self._jinja.globals |= {"reply_marker": REPLY_MARKER}

    def render(self, kind: MailKind, values: Mapping[str, Any], setting: Setting) -> Spoken:
        """Return the words of one mail: the same arguments give the same words.

        A kind of `TEXT_ALONE` has no subject and no HTML here.
        Raises BrokenTemplate, with file and line, for a fault in a template or a missing value.
        """
        known = clean(values)
        known |= {
            "ticket": setting.ticket,
            "facts": facts(known, setting.ticket, setting.date),
            "answerable": setting.answerable,
            "left_out": setting.left_out,
        }
        if kind in TEXT_ALONE:
            return Spoken("", tidy(self._fill(f"{kind}/body.txt", known)))
        subject = one_line(self._fill(f"{kind}/subject.txt", known))
        if not subject:
            raise BrokenTemplate(f"{kind}/subject.txt", 0, "gives an empty subject")
        known["subject_line"] = subject
        text = tidy(self._fill(f"{kind}/body.txt", known))
        return Spoken(subject, text, self._fill(f"{kind}/body.html", known).strip() + "\n")

    def _fill(self, name: str, values: Mapping[str, Any]) -> str:
        try:
            return self._jinja.get_template(name).render(values)
        except TemplateError as error:
            raise _broken(name, error) from error
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise _broken(name, error) from error
        except RecursionError as error:  # it includes itself
            raise _broken(name, error) from error
        except OSError as error:
            raise BrokenTemplate(name, 0, str(error)) from error


def _broken(name: str, error: Exception) -> BrokenTemplate:
    """Find the place of a fault: syntax errors carry it, others pass through the template."""
    line = getattr(error, "lineno", None)
    if line is not None:
        return BrokenTemplate(getattr(error, "filename", None) or name, line, str(error))
    file, line = name, 0
    for frame in traceback.extract_tb(error.__traceback__):
        if frame.filename.endswith((".txt", ".html")):
            file, line = frame.filename, frame.lineno or 0
    return BrokenTemplate(file, line, str(error) or type(error).__name__)
