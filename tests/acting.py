"""What people and machines do in stories about alarms: raise, answer, bounce, change the world."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from proven import evidence
from stage import Said, Stage

from parsers.digest import sha256_of
from parsers.mail import hear
from router.ticket import Ticket
from store.facts import Known
from store.rows import read_tickets
from store.ticket_listing import EventRow, history

WORLD = Path(__file__).parent / "worlds" / "proven.toml"
PROVEN = ({"kind": "dkim"},)
_BOUNCE = """From: MAILER-DAEMON@mx.example
To: bounces+{{{{bounce {address}}}}}@helpdesk.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <bounce.{number}@mx.example>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b0"

--b0
Content-Type: text/plain

I could not deliver your message.

--b0
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1

--b0
Content-Type: message/rfc822

Message-ID: {{{{message_id {address}}}}}

--b0--
"""


class Acting:
    """A stage, and what happens on it; each mail gets a Message-ID of its own."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.mails = 0

    def site(self, name: str, **changed: Any) -> None:
        """Change what is known of a site."""
        known = self.stage.desk.known
        sites = tuple(
            replace(one, **changed) if one.name == name else one for one in known.registry.sites
        )
        source = Known(replace(known.registry, sites=sites), known.roster)
        self.stage.desk = replace(self.stage.desk, source=source)
        self.stage.worker.desk = self.stage.desk

    def mail(
        self, to: str, by: str, text: str, *, more: str = "", proofs: Sequence[Any] = ()
    ) -> dict[str, object]:
        """Let a mail come in and be worked on; return its inbox row."""
        self.mails += 1
        filled = self.stage.fill(
            f"From: {by}\nTo: {to}\nSubject: FZK lost\n"
            f"Date: {self.stage.now:%a, %d %b %Y %H:%M:%S} +0000\n"
            f"Message-ID: <{self.mails}@else.example>\n{more}\n{text}\n"
        )
        return self._comes(filled, by, proofs)

    def alarm(self, site: str = "FZK-LCG2") -> dict[str, object]:
        """Let Anna raise an alarm."""
        text = f"Site: {site}\n\nAll transfers dead."
        return self.mail("alarm@helpdesk.example", "anna@cern.example", text, proofs=PROVEN)

    def answer(self, address: str, text: str, *, more: str = "") -> dict[str, object]:
        """Let a mail come to the reply address of the newest mail to `address`."""
        to = f"reply+{{{{token {address}}}}}@helpdesk.example"
        return self.mail(to, "hook@site.example", text, more=more)

    def bounce(self, address: str) -> dict[str, object]:
        """Let the newest mail to `address` come back."""
        self.mails += 1
        filled = self.stage.fill(_BOUNCE.format(address=address, number=self.mails))
        return self._comes(filled, "")

    def ticket(self, number: int = 100001) -> Ticket:
        """Return a ticket as the store has it."""
        with self.stage.store.reading() as conn:
            return read_tickets(conn, [number])[number]

    def history(self, number: int = 100001) -> list[EventRow]:
        """Return a ticket's history."""
        return list(history(self.stage.store, number))

    def said(self) -> list[str]:
        """Return what went out since, as "kind -> address"."""
        return [str(one) for one in self.stage.said()]

    def pages(self) -> list[Said]:
        """Return the alarm mails that went out since."""
        return [one for one in self.stage.said() if one.kind == "alarm"]

    def _comes(self, text: str, mail_from: str, proofs: Sequence[Any] = ()) -> dict[str, object]:
        to = text.split("To: ", 1)[1].split("\n", 1)[0]
        raw = text.replace("\n", "\r\n").encode()
        if proofs:
            self.stage.prover.known[sha256_of(raw)] = evidence(proofs, hear(raw))
        envelope = self.stage.envelope(raw, [to], mail_from, "192.0.2.7")
        number = self.stage.keep(raw, envelope)
        self.stage.work()
        return self.stage.mail(number)
