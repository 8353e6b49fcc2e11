"""A mail that forges the results of a mail server, and which of them it still has when it is back.

A server whose Authentication-Results we believe must take away every copy of its name that comes
from outside (RFC 8601 section 5). Rule: the probe writes its forgery in every form that our own
reader (`gateway.proofs.results`) takes for that server's; each form carries a mark of its own. It
is our own mail by its loop mark, so it never becomes a ticket, whoever finds it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gateway.proofs.results import FIELD, written_by
from parsers.automatic import LOOP_HEADER
from parsers.header import read_header

# The forms, and how each writes the field's name and the server's.
FORMS: Mapping[str, str] = {
    "plain": "Authentication-Results: {id};",
    "in capitals": "AUTHENTICATION-RESULTS: {ID};",
    "with a version": "Authentication-Results: {id} 1;",
    "with a comment": "Authentication-Results: (probe) {id} (probe);",
    "folded": "authentication-results:\r\n {id};",
}
_TEXT = (
    'This mail was sent by "ticketgate check-config --probe". Its results are\r\n'
    "forged on purpose: the mail server of this mailbox has to take them away.\r\n"
    "The program removes it again, and it never becomes a ticket. If you still\r\n"
    "see it after some minutes, delete it.\r\n"
)


@dataclass(frozen=True, slots=True)
class Probe:
    """A forged mail: from whom, to whom, in whose name; `nonce` is its own."""

    trusted: str
    domain: str
    address: str
    nonce: str

    @property
    def message_id(self) -> str:
        """Return its Message-ID."""
        return f"<probe.{self.nonce}@{self.domain}>"

    def written(self, at: datetime) -> bytes:
        """Return the mail as bytes for a relay."""
        sender = f"noreply@{self.domain}"
        claims = "\r\n".join(
            f"{form.format(id=self.trusted, ID=self.trusted.upper())}\r\n"
            f" dkim=pass header.d={self.domain} reason={self._mark(number)};\r\n"
            f" dmarc=pass header.from={self.domain}"
            for number, form in enumerate(FORMS.values())
        )
        date = at.strftime("%a, %d %b %Y %H:%M:%S +0000")
        return (
            f"{claims}\r\nFrom: {sender}\r\nTo: {self.address}\r\nSubject: Probe {self.nonce}\r\n"
            f"Date: {date}\r\nMessage-ID: {self.message_id}\r\nAuto-Submitted: auto-generated\r\n"
            f"{LOOP_HEADER}: {self.domain}\r\nMIME-Version: 1.0\r\n"
            f"Content-Type: text/plain; charset=us-ascii\r\n\r\n{_TEXT}"
        ).encode("ascii")

    def judged(self, raw: bytes) -> "Judged":
        """Say what is left of the forgery in the mail as it lies in the mailbox."""
        header = read_header(raw)
        said = b"\n".join(value for name, value in header.fields if name == FIELD)
        own = b"\n".join(value for value, _ in written_by(header, self.trusted))
        marks = [(form, self._mark(n).encode("ascii")) for n, form in enumerate(FORMS)]
        return Judged(
            survived=tuple(form for form, mark in marks if mark in said),
            believed=any(mark in own for _, mark in marks),
            server_speaks=bool(own),
        )

    def _mark(self, number: int) -> str:
        return f"probe-{number}-{self.nonce}"


@dataclass(frozen=True, slots=True)
class Judged:
    """What came back: forms that survived, whether one lies where it would be believed.

    `server_speaks` tells whether there is anything of the server where we would believe it.
    """

    survived: tuple[str, ...]
    believed: bool
    server_speaks: bool
