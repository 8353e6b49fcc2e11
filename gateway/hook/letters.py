"""A mail of the hook's own, as a value, its form on disk and on the wire.

Pure. The Message-ID follows from the letter's name, so a letter that goes twice is seen as one.
Standard library only.
"""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256
from typing import Any

from parsers.alarm import Alarm
from parsers.alarm_answer import MAX_VALUE_CHARS, Answer, AnswerEvent, write_answer
from parsers.alarm_document import read_time, write_time
from parsers.alarm_text import ascii_line
from parsers.errors import Malformed

GIVE_UP_AFTER = timedelta(days=5)
_BY_A_PROGRAM = frozenset({AnswerEvent.RECEIPT, AnswerEvent.UNREACHABLE})
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail.

    `name` says what it is about and is given once; `automatic` is what Auto-Submitted says, "" when
    a person caused it.
    """

    name: str
    to: str
    subject: str
    text: str
    automatic: str
    queued_at: datetime
    next_try: datetime
    attempts: int = 0
    trouble: str = ""

    @property
    def file_name(self) -> str:
        """The letter's file, which follows from its name and its reader."""
        return sha256(f"{self.name}\n{self.to}".encode()).hexdigest()[:40]

    def failed(self, now: datetime, trouble: str) -> "Letter":
        """Return the letter after an attempt in vain."""
        pause = min(_FIRST_PAUSE * 2**self.attempts, _LONGEST_PAUSE)
        return replace(
            self, attempts=min(self.attempts + 1, 20), next_try=now + pause, trouble=trouble[:500]
        )

    def is_due(self, now: datetime) -> bool:
        """Whether it may be tried; a pause longer than ours was made by a clock that was wrong."""
        return not now < self.next_try <= now + _LONGEST_PAUSE

    def is_too_old(self, now: datetime) -> bool:
        """Whether nobody should try it again."""
        return now - self.queued_at > GIVE_UP_AFTER


def answer_letter(name: str, alarm: Alarm, answer: Answer, now: datetime) -> Letter:
    """Return the letter that carries an answer to where the alarm wants it."""
    by = " ".join(answer.by.split())[:MAX_VALUE_CHARS]
    return Letter(
        name=name,
        to=alarm.reply_to,
        subject=ascii_line(f"[ALARM {alarm.ticket}] {answer.event.value}", 150),
        text=write_answer(replace(answer, by=by)),
        automatic="auto-replied" if answer.event in _BY_A_PROGRAM else "",
        queued_at=now,
        next_try=now,
    )


def message(letter: Letter, sender: str) -> bytes:
    r"""Return the mail, `\r\n` line ends; raises ValueError when an address cannot be written."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = letter.to
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(letter.queued_at)
    mail["Message-ID"] = f"<hook.{letter.file_name}@{sender.rpartition('@')[2]}>"
    if letter.automatic:
        mail["Auto-Submitted"] = letter.automatic
    mail.set_content(letter.text, cte="quoted-printable")
    return bytes(mail)


def write_letter(letter: Letter) -> bytes:
    """Return the letter as it stands on disk."""
    form = asdict(letter)
    form["queued_at"] = write_time(letter.queued_at)
    form["next_try"] = write_time(letter.next_try)
    return json.dumps(form, indent=1).encode()


def read_letter(text: bytes) -> Letter:
    """Return the letter of `write_letter`; raises Malformed for anything else."""
    try:
        form: dict[str, Any] = json.loads(text)
        form["queued_at"] = read_time(form["queued_at"])
        form["next_try"] = read_time(form["next_try"])
        return Letter(**form)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Malformed("Not readable.", f"a letter that cannot be read: {error!r}") from error
