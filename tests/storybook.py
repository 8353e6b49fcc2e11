"""A case told as a story: what came in, what happened and what went out, in one file to read.

Mails stand here as a person reads them: the text without its header, one telling for all who got
the same. Of the block of facts at the end of a mail only those lines are told that have changed.
"""

import email
import email.policy
import html
import re
from collections.abc import Iterable
from datetime import datetime
from email.message import EmailMessage

from stage import Said

from parsers.reply import REPLY_MARKER

RULE = "-" * 72
_TAG = re.compile(r"<[^>]*>")
_WORD = re.compile(r"\w+")


class Book:
    """The lines of a story, in the order in which they are told."""

    def __init__(self, sentence: str) -> None:
        self._lines = [sentence, ""]
        self._facts: dict[str, dict[str, str]] = {}

    def chapter(self, at: datetime, what: str) -> None:
        """Begin a step: the time, and in a sentence what happens."""
        self._lines += ["", "", f"== {moment(at)}  {what}".rstrip()]

    def heard(self, raw: bytes, ends: Iterable[str]) -> None:
        """Tell a mail that came in, and how it ended."""
        mail = _parsed(raw)
        self._lines += ["", f'{mail["From"]} writes, "{mail["Subject"]}":', ""]
        self._lines += [f"  > {line}".rstrip() for line in _text(mail).strip().splitlines()]
        self._lines += ["", f"  ({'; '.join(ends)})"]

    def said(self, mails: Iterable[Said]) -> None:
        """Tell the mails that went out at one moment; what is the same for several once."""
        told: dict[tuple[str, str], list[str]] = {}
        for one in mails:
            mail = _parsed(one.mail)
            key = (str(mail["Subject"]).replace("\n", ""), _text(mail))
            told.setdefault(key, []).append(one.recipient)
        for (subject, text), people in told.items():
            self._lines += ["", f"-> {', '.join(people)}", f"   {subject}", ""]
            self._lines += [f"   {line}".rstrip() for line in self._words(text)]

    def nothing(self) -> None:
        """Tell that no mail went out."""
        self._lines += ["", "   (no mail goes out)"]

    def ending(self, title: str, text: str) -> None:
        """Close with a page that is shown to somebody."""
        self._lines += ["", "", f"== {title}", "", *text.rstrip().splitlines()]

    def text(self) -> str:
        """Return the story."""
        return "\n".join(self._lines) + "\n"

    def _words(self, text: str) -> list[str]:
        """Return a mail's lines, of its facts those that are new since the mail before."""
        body, _rule, block = text.partition(f"\n{RULE}\n")
        lines = body.removeprefix(REPLY_MARKER).strip().splitlines()
        now = dict(line.split(": ", 1) for line in block.strip().splitlines())
        now.pop("DATE", None)
        before = self._facts.setdefault(now.get("TICKET ID", ""), {})
        new = [f"{key}: {value}" for key, value in now.items() if before.get(key) != value]
        before.update(now)
        return [*lines, *(["", *new] if new else [])]


def moment(at: datetime) -> str:
    """Return a time as a story tells it: `Mon 2 Mar 2026 10:00`, of UTC."""
    return f"{at:%a} {at.day} {at:%b %Y %H:%M}"


def missing_in_html(mail: bytes) -> set[str]:
    """Return the words of a mail's text that its HTML does not have; a mail of text alone: none."""
    parsed = _parsed(mail)
    page = parsed.get_body(("html",))
    if page is None:
        return set()
    there = _WORD.findall(html.unescape(_TAG.sub(" ", str(page.get_content()))))
    return set(_WORD.findall(_text(parsed))) - set(there)


def _parsed(raw: bytes) -> EmailMessage:
    return email.message_from_bytes(raw, policy=email.policy.default)  # type: ignore[return-value]


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return str(body.get_content()).replace("\r\n", "\n") if body is not None else ""
