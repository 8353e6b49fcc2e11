"""A stage for stories in mails: the real store, the real worker, the real letters, a fixed clock.

Mails go in as a door would keep them; what would leave is rendered as the courier renders it. The
secret and the clock are fixed, so tokens, Message-IDs and dates are the same in every run.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from fresh import open_fresh
from proven import StoryProver
from sqlalchemy import func, select

from gateway.clock import tick
from gateway.config.convert import policy, registry, roster
from gateway.config.load import load
from gateway.desk import Desk
from gateway.explain import explain
from gateway.outbound.letter import Writer
from gateway.processes.link import Link
from gateway.ticket_clock import tick_tickets
from gateway.work import Worker
from parsers.digest import content_of, sha256_of
from parsers.envelope import Envelope
from parsers.evidence import SenderEvidence
from parsers.gate import look
from router.decision import Command, Decision
from router.words import MailKind
from store import journal, outbox
from store.clock_tables import timing
from store.facts import Known
from store.tables import inbox as inbox_table
from store.tables import outbox as outbox_table
from store.tables import reminder
from templates.render import Speaker

WORLD_URL = "sqlite:///tickets.db"
SECRET = "a secret for tests only, 32 bytes"
_PLACEHOLDER = re.compile(r"\{\{(\w+) ([\w@.-]+)\}\}")
_LISTED = re.compile(r"\{\{listed ([\w@.-]+) (\d+)\}\}")
SPEAKER = Speaker()  # it keeps nothing but its templates, which are compiled but once


@dataclass(frozen=True)
class Said:
    """One outgoing mail as it would leave."""

    kind: str
    recipient: str
    mail_from: str
    mail: bytes
    row: int

    def __str__(self) -> str:
        return f"{self.kind} -> {self.recipient}"


class Stage:
    """A helpdesk in `place` with the world of `world`; `now` is moved by hand.

    Its store is `url`, or else the one that the world names.
    """

    def __init__(self, place: Path, world: Path, now: datetime, url: str = "") -> None:
        os.environ["TICKETGATE_TEST_SECRET"] = SECRET
        text = world.read_text()
        (place / "config.toml").write_text(text.replace(WORLD_URL, url or WORLD_URL))
        self.config = load(place / "config.toml")
        self.store = open_fresh(self.config.store.url, self.config.helpdesk.first_ticket)
        self.now = now
        known = Known(registry(self.config), roster(self.config))
        self.desk = Desk(self.store, policy(self.config), known, lambda: self.now)
        self.prover = StoryProver()
        self.worker = Worker(self.desk, Link(), "work-0", self.prover)
        self._seen = 0

    def envelope(self, raw: bytes, to: Iterable[str], mail_from: str, peer: str) -> Envelope:
        """Return the envelope that the SMTP door would make."""
        gate = look(raw)
        near = any(ip_address(peer) in net for net in self.config.smtp.submission_networks)
        faults = tuple(str(fault) for fault in gate.faults)
        submitted = near and gate.received == 0
        return Envelope(
            "smtp", peer, "client.example", mail_from, tuple(to), self.now, submitted, False, faults
        )

    def keep(self, raw: bytes, envelope: Envelope) -> int:
        """Keep a mail like a door (T1); return its number."""
        lane = self.desk.policy.addresses.lane(envelope.recipients)
        digests = (sha256_of(raw), content_of(raw))
        new = journal.NewDelivery(envelope, raw, *digests, look(raw).message_id, lane)
        return journal.keep(self.store, [new])[0]

    def explain(self, raw: bytes, envelope: Envelope) -> tuple[Decision, ...]:
        """Return what `explain` says."""
        known = self.prover.known.get(sha256_of(raw), SenderEvidence())
        return explain(self.desk, envelope, raw, lambda *_: known).settled.decisions

    def work(self) -> None:
        """Work until the inbox is empty; fails when it never is."""
        for _ in range(200):
            pause_s = self.worker.once()
            if pause_s >= 1.0 and self._waiting() == 0:
                return
            if self.worker.awaits_proofs:
                self.worker.link.wait(5.0)
                continue
            self.now += timedelta(milliseconds=200)
        raise AssertionError("the inbox does not become empty")

    def command(self, name: str, ticket: int) -> None:
        """Ask for something like the command line does."""
        self.desk.do(Command(name, ticket, "operator"))

    def tick(self) -> None:
        """Let the clock do what is due: the steps that are kept, and those of tickets."""
        tick(self.desk)
        tick_tickets(self.desk)

    def next_due(self) -> datetime | None:
        """Return when the clock has something to do next."""
        with self.store.reading() as conn:
            kept = select(func.min(reminder.c.due_at)).where(reminder.c.done_at.is_(None))
            found = [
                conn.execute(one).scalar() for one in (kept, select(func.min(timing.c.due_at)))
            ]
        return min((at for at in found if at is not None), default=None)

    def wait(self, until: datetime) -> Iterator[list[Said]]:
        """Let the clock run until a time; yield what goes out at each moment with mails."""
        while (at := self.next_due()) is not None and at <= until:
            self.now = max(self.now, at)
            self.tick()
            later = self.next_due()
            assert later is None or later > self.now, "a tick leaves something undone"
            if found := self.said():
                yield found
        self.now = until

    def said(self) -> list[Said]:
        """Return the mails that became due since the last call, in order, rendered."""
        writer = Writer(
            SPEAKER,
            name=self.config.helpdesk.name,
            addresses=self.desk.policy.addresses,
            keys=self.desk.policy.keys,
            raw_of=lambda mail: journal.read_raw(self.store, mail),
        )
        with self.store.writing() as conn:
            rows = outbox.claim(
                conn, by="stage", now=self.now, until=self.now + timedelta(hours=1), limit=1_000
            )
        said = []
        for row in sorted(rows, key=lambda r: r.id):
            letter = writer.letter(row)
            said.append(Said(row.kind, row.recipient, letter.mail_from, letter.mail, row.id))
            with self.store.writing() as conn:
                outbox.sent(conn, row, self.now, letter.words)
        return said

    def fill(self, text: str) -> str:
        """Replace {{token ADDRESS}}, {{bounce ADDRESS}}, {{message_id ADDRESS}} in a mail.

        Each is taken from the newest mail that went to the address. {{listed ADDRESS NUMBER}} is
        the address below a ticket in the newest list that went there.
        """

        def value(match: re.Match[str]) -> str:
            names = {"token": "reply_token", "bounce": "bounce_token", "message_id": "message_id"}
            column = outbox_table.c[names[match[1]]]
            query = select(column).where(outbox_table.c.recipient == match[2], column != "")
            with self.store.reading() as conn:
                found = conn.execute(query.order_by(outbox_table.c.id.desc())).scalars().first()
            assert found is not None, f"no mail went to {match[2]}"
            return str(found)

        def listed(match: re.Match[str]) -> str:
            return self._listed(match[1], int(match[2]))

        return _LISTED.sub(listed, _PLACEHOLDER.sub(value, text))

    def mail(self, number: int) -> dict[str, object]:
        """Return a mail's inbox row."""
        with self.store.reading() as conn:
            query = select(inbox_table).where(inbox_table.c.mail == number)
            return dict(conn.execute(query).mappings().one())

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def _listed(self, address: str, number: int) -> str:
        is_list = outbox_table.c.kind == str(MailKind.REMINDER_DIGEST)
        query = select(outbox_table.c["values"]).where(is_list, outbox_table.c.recipient == address)
        with self.store.reading() as conn:
            newest = conn.execute(query.order_by(outbox_table.c.id.desc())).scalars().first()
        assert newest is not None, f"no list went to {address}"
        (found,) = [one["reply_to"] for one in newest["tickets"] if one["ticket"] == number]
        return str(found)

    def _waiting(self) -> int:
        with self.store.reading() as conn:
            query = select(inbox_table.c.mail).where(inbox_table.c.state == "kept")
            return len(conn.execute(query).all())
