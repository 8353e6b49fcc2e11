"""The helpdesk of the simulation: the real store, desk, worker and clock, on a machine of ours.

`begin` is the start of two daemons, `stop` their end, however it comes. Everything they know beyond
that is in the store. The machine's wall clock may be wrong; the seconds since it was started never
are.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy.event
from proven import evidence
from simulation.records import Look, Records, Seen, Told
from simulation.world import configuration
from sqlalchemy import bindparam, select
from stage import Stage

from gateway import clock_watch
from gateway.clock import tick
from gateway.desk import Desk
from gateway.ticket_clock import TicketClock
from parsers.block import Field
from parsers.digest import sha256_of
from parsers.errors import Refused
from parsers.mail import hear
from router.decision import Command
from store import clock_state
from store.engine import open_store
from store.tables import event, outbox, ticket

SECOND = timedelta(seconds=1)
PROVEN = ({"kind": "dkim"},)
STANDS_STILL = "clock of tickets stands still"
REMINDERS = ("reminder", "reminder-digest")


_LAST = (
    select(event.c.at)
    .where(event.c.ticket == ticket.c.number)
    .order_by(event.c.number.desc())
    .limit(1)
    .scalar_subquery()
)
_CHANGED = select(
    ticket.c.number,
    ticket.c.status,
    ticket.c.support_unit,
    ticket.c.priority,
    ticket.c.held,
    ticket.c.submitter,
    _LAST.label("at"),
)
_TOLD = (
    select(
        outbox.c.id,
        outbox.c.ticket,
        outbox.c.kind,
        outbox.c.date,
        outbox.c.recipient,
        outbox.c["values"],
    )
    .where(outbox.c.id > bindparam("last"), outbox.c.kind.in_((*REMINDERS, "operator-notice")))
    .order_by(outbox.c.id)
)


class Killed(BaseException):
    """The daemon was killed at this point."""


class Helpdesk:
    """One helpdesk over the years. `true` is what time it is; `place` counts what happens."""

    def __init__(self, place: Path, true: datetime, records: Records) -> None:
        self.where, self.true, self.records = place, true, records
        self.before = self.ahead = timedelta()  # the wall clock, of the true time
        self.stands = False  # the clock of tickets, because the wall clock cannot be believed
        self._was_wrong = False
        self.place = self.mails = self.phase = self.stops_told = 0
        self.stage: _Stage | None = None
        self._clocks: list[tuple[Desk, TicketClock]] = []
        self._boot, self._booted = 0, true
        self._last_row = 0
        self._known: dict[int, tuple[str, str, str, bool]] = {}

    @property
    def now(self) -> datetime:
        """What the machine's wall clock shows."""
        return self.true + self.ahead

    def boot(self) -> None:
        """Start the machine anew."""
        self._boot += 1
        self._booted = self.true

    def begin(self, phase: int) -> None:
        """Start the daemons, with the configuration of a phase."""
        if phase != self.phase or not self.place:
            self.place += 1
            self.records.turns.append(Look(self.place, self.now, phase))
        self.phase = phase
        world = self.where / f"world-{phase}.toml"
        world.write_text(configuration(phase))
        self.stage = _Stage(self, world)
        one = self.stage.desk
        store = open_store(self.stage.config.store.url)
        other = Desk(store, one.policy, one.source, lambda: self.now)
        self._clocks = [
            (desk, TicketClock(desk, name, self._seen)) for desk, name in ((one, "1"), (other, "2"))
        ]

    def stop(self) -> None:
        """End them."""
        if self.stage is not None:
            for desk, _ in self._clocks:
                desk.store.close()
            self.stage.close()
        self.stage = None

    def look(self, how: str = "first") -> None:
        """Let the clock look: the first daemon's, the "second", or both "at once".

        When the first is "killed" in the middle, another takes its place within the same second.
        """
        if self._was_wrong:
            self.records.turns.append(Look(self.place, self.now, self.phase, was_wrong=True))
            self._was_wrong = False
        self.place += 1
        self.records.looks.append(Look(self.place, self.now, self.phase, self.stands))
        if how == "killed" and self._kill():
            self._write_down(by_clock=True)
            self.stop()
            self.begin(self.phase)
        if how == "at once":
            with ThreadPoolExecutor(2) as pool:
                done = sum(pool.map(_tick, self._clocks)) > 0
        else:
            done = _tick(self._clocks[how == "second"]) > 0
        if done:
            self._write_down(by_clock=True)

    def jump(self, far: timedelta) -> None:
        """Let the wall clock jump: the clock of tickets stands still from the next look."""
        self.before = self.ahead
        self.ahead += far
        self.stands = True

    def set_right(self) -> None:
        """Let the wall clock be as before the jump: what stood still goes on."""
        self.ahead = self.before
        self.goes_on()

    def resume(self) -> None:
        """Let an operator say that the wall clock is right as it is."""
        assert self.stage is not None
        with self.stage.store.writing() as conn:
            clock_state.resume(conn, self.now)
        self.goes_on()

    def goes_on(self) -> None:
        """Let the clock of tickets go on, from the next look."""
        self._was_wrong, self.stands = self.stands, False

    def _seen(self, at: datetime) -> clock_watch.Look:
        up_s = (self.true - self._booted).total_seconds()
        return clock_watch.Look(at, f"boot {self._boot}", up_s)

    def _kill(self) -> bool:
        """Let the first daemon look, and die as it commits; False when it had nothing to write."""
        engine = self._clocks[0][0].store.desk

        def dies(_conn: object) -> None:
            raise Killed

        sqlalchemy.event.listen(engine, "commit", dies)
        try:
            _tick(self._clocks[0])
        except Killed:
            return True
        finally:
            sqlalchemy.event.remove(engine, "commit", dies)
        return False

    def command(self, number: int, lines: Sequence[tuple[str, str]], text: str = "") -> bool:
        """Let an operator steer a ticket; return whether it was followed."""
        assert self.stage is not None
        self.place += 1
        try:
            self.stage.desk.do(Command("steer", number, "operator", text, _fields(lines)))
        except Refused:
            return False
        self._write_down()
        return True

    def release(self, number: int) -> None:
        """Let a held ticket go."""
        assert self.stage is not None
        self.place += 1
        self.stage.command("release", number)
        self._write_down()

    def mail(self, sender: str, to: str, text: str, *, proven: bool = True) -> None:
        """Let a mail come in, and work on it."""
        assert self.stage is not None
        self.place += 1
        self.mails += 1
        raw = (
            f"From: {sender}\r\nTo: {to}\r\nSubject: Trouble {self.mails}\r\n"
            f"Date: {self.now:%a, %d %b %Y %H:%M:%S} +0000\r\n"
            f"Message-ID: <{self.mails}@mail.example>\r\n\r\n"
        ) + text.replace("\n", "\r\n")
        content = raw.encode()
        if proven:
            self.stage.prover.known[sha256_of(content)] = evidence(PROVEN, hear(content))
        self.stage.now = self.now
        self.stage.keep(content, self.stage.envelope(content, [to], sender, "192.0.2.7"))
        self.stage.work()
        self._write_down()

    def reply(self, number: int, sender: str, by: str, text: str) -> bool:
        """Let `sender` answer the newest mail about a ticket to `by`; False when there is none."""
        assert self.stage is not None
        query = select(outbox.c.reply_token).where(
            outbox.c.ticket == number, outbox.c.recipient == by, outbox.c.reply_token != ""
        )
        with self.stage.store.reading() as conn:
            token = conn.execute(query.order_by(outbox.c.id.desc()).limit(1)).scalar()
        if token is None:
            return False
        self.mail(sender, f"reply+{token}@helpdesk.example", text)
        return True

    def _write_down(self, *, by_clock: bool = False) -> None:
        """Write down what has changed on tickets, and whom the clock has told."""
        assert self.stage is not None
        with self.stage.store.reading() as conn:
            for row in conn.execute(_CHANGED).all():
                now = (row.status, row.support_unit, row.priority, row.held is not None)
                if self._known.get(row.number) != now:
                    self._known[row.number] = now
                    submitter = row.submitter.lower()
                    seen = Seen(self.place, row.at, *now, submitter, by_clock)
                    self.records.seen.setdefault(row.number, []).append(seen)
            rows = conn.execute(_TOLD, {"last": self._last_row}).all()
        for row in rows:
            self._last_row = row.id
            values = row._mapping["values"]
            if row.kind not in REMINDERS:
                self.stops_told += STANDS_STILL in str(values)
                continue
            alone = [{"ticket": row.ticket, "why": values.get("why", "")}]
            for one in values["tickets"] if row.kind == "reminder-digest" else alone:
                told = Told(self.place, row.date, int(one["ticket"]), row.recipient, one["why"])
                self.records.told.append(told)


class _Stage(Stage):
    """A stage whose clock is the helpdesk's."""

    def __init__(self, helpdesk: Helpdesk, world: Path) -> None:
        super().__init__(helpdesk.where, world, helpdesk.now)
        desk = self.desk
        self.desk = Desk(desk.store, desk.policy, desk.source, lambda: helpdesk.now)
        self.worker.desk = self.desk
        self.helpdesk = helpdesk

    def work(self) -> None:
        """Work until the inbox is empty; time stands still while it can."""
        for _ in range(200):
            pause_s = self.worker.once()
            if pause_s >= 1.0 and self._waiting() == 0:
                return
            if self.worker.awaits_proofs:
                self.worker.link.wait(5.0)
                continue
            if pause_s:
                self.helpdesk.true += SECOND
        raise AssertionError("the inbox does not become empty")


def _tick(clock: tuple[Desk, TicketClock]) -> int:
    return tick(clock[0]) + clock[1].tick()


def _fields(lines: Sequence[tuple[str, str]]) -> tuple[Field, ...]:
    return tuple(Field(key, value, f"{key}: {value}") for key, value in lines)
