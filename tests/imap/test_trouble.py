"""Trouble: how long to wait after a failure, and that success makes it short again."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.inbound.imap import handing, mailbox, plan
from gateway.inbound.imap import reading as reading_module
from gateway.inbound.imap.trouble import TELL_AGAIN, TOLD_AN_HOUR, Troubles
from tests.imap.boxes import mail
from tests.imap.conftest import Read
from tests.imap.fake import FakeServer, Fault, Session, reading


def test_waiting_grows_and_has_an_upper_end() -> None:
    troubles = Troubles("box", lambda: datetime.now(UTC))
    waits = [troubles.begin("connection", "no", 1.0, 300.0) for _ in range(40)]
    assert waits[0] <= 1.0
    assert min(waits[10:]) >= 150.0
    assert max(waits) <= 300.0


def test_it_begins_anew_after_mails_were_taken_and_is_one_trouble_in_the_log(
    capfd: pytest.CaptureFixture[str],
) -> None:
    troubles = Troubles("box", lambda: datetime.now(UTC))
    for _ in range(20):
        assert troubles.begin("connection", "no", 1.0, 300.0) <= 1.0
        troubles.ease("connection", "store")
    assert troubles.described().startswith("no (since ")
    troubles.end("connection")
    said = "".join(capfd.readouterr())
    assert said.count("mailbox fails") == 1
    assert "failures=20" in said


def test_it_is_told_again_every_hour() -> None:
    now = datetime(2026, 3, 2, 10, tzinfo=UTC)
    troubles = Troubles("box", lambda: now)
    troubles.begin("connection", "no", 1.0, 300.0)
    now += TELL_AGAIN + timedelta(seconds=1)
    troubles.begin("connection", "still no", 1.0, 300.0)
    assert "2026-03-02 10:00 UTC" in troubles.described()
    troubles.forget("connection")
    assert troubles.described() == ""


def test_what_comes_and_goes_all_day_makes_no_storm(capfd: pytest.CaptureFixture[str]) -> None:
    now = datetime(2026, 3, 2, 0, tzinfo=UTC)
    troubles = Troubles("box", lambda: now)
    for _ in range(24 * 60):
        troubles.begin("connection", "no", 1.0, 300.0)
        assert troubles.described()
        troubles.end("connection")
        now += timedelta(minutes=1)
    said = "".join(capfd.readouterr())
    assert said.count("mailbox fails") == said.count("works again") == 24 * TOLD_AN_HOUR
    assert "times_untold=55" in said


@pytest.mark.usefixtures("hasty")
async def test_a_server_that_drops_the_line_after_each_mail_is_read_without_long_waits(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailbox, "FIRST_S", 0.05)
    monkeypatch.setattr(mailbox, "MOST_S", 300.0)
    monkeypatch.setattr(reading_module, "CHUNK", 1)
    answered: set[Session] = set()

    def leave_at_the_second(session: Session, _tag: bytes, line: str) -> bool:
        if "SIZE" in line and session in answered:
            session.leave()
        answered.add(session)
        return False

    mails = {uid: mail(uid) for uid in range(1, 16)}
    with FakeServer(dict(mails), {"FETCH": leave_at_the_second}) as server:
        world = await read(reading(server))
        await world.holds(*mails)
        assert server.said["connections"] >= 15


@pytest.mark.usefixtures("hasty")
async def test_a_server_that_drops_the_line_when_mails_are_moved_is_read_all_the_same(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # not hasty: a server that is slow for a moment would be connected to again
    monkeypatch.setattr(mailbox, "FIRST_S", 0.1)
    monkeypatch.setattr(plan, "BATCH_MAILS", 1)
    mails = {uid: mail(uid) for uid in range(1, 16)}
    with FakeServer(dict(mails), {"MOVE": lambda s, _t, _l: s.leave()}) as server:
        world = await read(reading(server))
        await world.holds(*mails)
        await world.until(lambda: "cannot be moved to Done" in world.detail("user"))
        assert server.said["connections"] < 5


@pytest.mark.usefixtures("hasty")
async def test_who_has_lost_the_lease_leaves_the_moving_to_the_next(
    server: FakeServer, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two who move the same mails at once leave two copies of each."""
    kept_by: list[Session] = []
    moved_by: list[Session] = []
    hand_over = handing.Handing.hand_over

    def then_lost(self: Any, *given: Any) -> Any:
        handed = hand_over(self, *given)
        self._lease._term = None
        return handed

    def note(sessions: list[Session]) -> Fault:
        return lambda session, _tag, _line: bool(sessions.append(session))

    monkeypatch.setattr(handing.Handing, "hand_over", then_lost)
    server.faults.update(FETCH=note(kept_by), MOVE=note(moved_by))
    world = await read(reading(server))
    await world.until(lambda: not server.mails, "all are moved")
    await world.holds(3, 7, 40_000)
    assert not set(moved_by) & {kept_by[0]}
