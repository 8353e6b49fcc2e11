"""What the senders did, as they saw it: the only truth that the checks compare the store with.

An attempt ended in one of five ways. `unknown`: the connection broke after the text was begun, so
the mail may be kept or not. `unsent`: it broke before, so it cannot be. Written by many threads.
"""

import hashlib
import threading
from collections import Counter
from dataclasses import dataclass, field

OK, REFUSED, DEFERRED, UNKNOWN, UNSENT = "ok", "refused", "deferred", "unknown", "unsent"
SUPPORT, ALARM, NOBODY = "support@helpdesk.example", "alarm@helpdesk.example", "no@helpdesk.example"


@dataclass
class Attempt:
    """One try to hand a mail over. `kept_as` is the number that the 250 named, 0 for none."""

    how: str
    reply: str
    seconds: float
    kept_as: int = 0


@dataclass
class Letter:
    """One mail of its own, and every attempt with it. `answers` is the letter it replies to."""

    number: int
    kind: str
    person: str
    to: str
    raw: bytes
    answers: "Letter | None" = None
    twice: bool = False
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def sha256(self) -> str:
        """Return the digest of the bytes as sent."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def message_id(self) -> str:
        """Return its Message-ID."""
        return message_id(self.number)

    def count(self, how: str) -> int:
        """Return how many attempts ended so."""
        return sum(1 for one in self.attempts if one.how == how)


class History:
    """Every letter of a run."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._turn = threading.Lock()
        self._letters: list[Letter] = []

    def letters(self) -> list[Letter]:
        """Return all letters written so far."""
        with self._turn:
            return list(self._letters)

    def write(
        self,
        kind: str,
        size: int,
        answers: Letter | None = None,
        *,
        twice: bool = False,
        person: str = "",
        to: str = "",
        lines: str = "",
    ) -> Letter:
        """Write a new letter of about `size` bytes, with `lines` at its top.

        By a person of its own if none is named, to the address of its kind if none is named.
        """
        with self._turn:
            number = len(self._letters) + 1
            to = to or {"alarm": ALARM, "nobody": NOBODY}.get(kind, SUPPORT)
            # Everybody writes once: no cap on answers hides a lost mail.
            person = person or f"p{number}@physics.example"
            lines = lines or ("Site: FZK-LCG2\r\n\r\n" if kind == "site" else "")
            subject = f"{'Re: ' if answers else ''}{kind} {number} of run {self.seed}"
            raw = _raw(number, person, to, subject, size, answers, lines)
            self._letters.append(Letter(number, kind, person, to, raw, answers, twice))
            return self._letters[-1]

    def outcomes(self) -> Counter[str]:
        """Return how many attempts ended in each way."""
        return Counter(a.how for letter in self.letters() for a in letter.attempts)


def message_id(number: int) -> str:
    """Return the Message-ID of a letter."""
    return f"<{number}@torture.example>"


def _raw(  # noqa: PLR0917 - the parts of one mail
    number: int,
    person: str,
    to: str,
    subject: str,
    size: int,
    answers: Letter | None,
    lines: str,
) -> bytes:
    head = [
        f"From: Person {number} <{person}>",
        f"To: {to}",
        f"Subject: {subject}",
        f"Message-ID: {message_id(number)}",
        "Date: Mon, 23 Nov 2026 10:00:00 +0000",
    ]
    if answers is not None:
        head += [f"In-Reply-To: {answers.message_id}", f"References: {answers.message_id}"]
    line = f".line of {number} with dots ..\r\n"  # every line must be dot-stuffed
    body = lines + line * max(1, size // len(line))
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()
