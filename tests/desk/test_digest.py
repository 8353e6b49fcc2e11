"""The daily digest with the real store: once for a unit and working day, whatever happens."""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlalchemy import select
from stage import Stage

import gateway.desk
import gateway.unit_digests
from gateway.clock import tick
from gateway.ticket_clock import TicketClock
from gateway.unit_digests import UnitDigests
from router.calendars import ALWAYS, Calendars
from router.unit_digest import STEP
from store.digest_steps import keep_first, open_digests
from store.engine import open_store
from store.tables import outbox, reminder
from tests.desk.ledger import HOURS, Ledger, at
from tests.work.test_steering import ANNE, mail, row
from tests.work.test_ticket_clock import Machine, clock_of, in_a_process

NGI, TPM = "ngi-de@roc.example", "tpm@firstline.example"


def digests(stage: Stage) -> list[dict[str, Any]]:
    """The values of the digests that were made since the last call, in order."""
    numbers = [one.row for one in stage.said() if one.kind == STEP]
    query = select(outbox.c.recipient, outbox.c["values"]).where(outbox.c.id.in_(numbers))
    with stage.store.reading() as conn:
        rows = conn.execute(query.order_by(outbox.c.id)).all()
    return [{"to": recipient, **values} for recipient, values in rows]


def told(stage: Stage) -> list[tuple[str, dict[str, list[int]]]]:
    """Who got a digest, with the tickets of each section."""
    found = []
    for one in digests(stage):
        listed: dict[str, list[int]] = {}
        for each in one["tickets"]:
            listed.setdefault(each["section"], []).append(each["ticket"])
        found.append((one["to"], listed))
    return found


def go(stage: Stage, when: str, times: int = 2) -> None:
    """Let the digests be looked at, by a daemon that has just begun, some times."""
    stage.now = at(when)
    for _ in range(times):
        UnitDigests(stage.desk).tick()


def test_a_unit_is_told_at_the_beginning_of_its_day_and_once(stage: Stage, ledger: Ledger) -> None:
    go(stage, "03-02 12:00")
    number = ledger.opened(at("03-02 13:00"), support_unit="NGI_DE")
    go(stage, "03-03 08:59")
    assert told(stage) == []
    go(stage, "03-03 09:00", times=3)
    assert told(stage) == [(NGI, {"New": [number]})]
    assert _open_steps(stage) == {at("03-04 09:00")}
    go(stage, "03-03 16:59")
    assert told(stage) == []
    go(stage, "03-04 09:00")
    assert told(stage) == [], "it is green, and was told"


def test_there_is_no_mail_when_there_is_nothing_to_say(stage: Stage) -> None:
    go(stage, "03-02 12:00")
    for day in ("03-03", "03-04", "03-05"):
        go(stage, f"{day} 09:00")
    assert stage.said() == []
    with stage.store.reading() as conn:
        open_ones = select(reminder.c.due_at).where(reminder.c.done_at.is_(None))
        assert set(conn.execute(open_ones).scalars()) == {at("03-06 09:00")}


def test_after_three_days_down_there_is_one_digest_of_all_of_them(
    stage: Stage, ledger: Ledger
) -> None:
    go(stage, "03-02 12:00")
    numbers = [
        ledger.opened(at(f"{day} 10:00"), support_unit="NGI_DE")
        for day in ("03-03", "03-04", "03-05")
    ]
    go(stage, "03-05 20:00")
    assert told(stage) == [], "not at night"
    go(stage, "03-06 11:00")
    assert told(stage) == [(NGI, {"New": numbers})]
    go(stage, "03-08 10:00")
    go(stage, "03-09 09:00")
    assert told(stage) == [], "nothing new on Monday"


def test_each_unit_has_its_own_hours(stage: Stage, ledger: Ledger) -> None:
    calendars = Calendars(HOURS, {"ngi_it": ALWAYS})
    stage.desk = replace(stage.desk, policy=replace(stage.desk.policy, calendars=calendars))
    go(stage, "03-06 12:00")
    for unit in ("NGI_DE", "NGI_IT"):
        ledger.opened(at("03-06 18:00"), support_unit=unit)
    go(stage, "03-07 00:00")
    assert [who for who, _ in told(stage)] == ["ngi-it@roc.example"]
    go(stage, "03-08 23:59")
    assert NGI not in [who for who, _ in told(stage)]
    go(stage, "03-09 09:00")
    assert NGI in [who for who, _ in told(stage)]


def test_a_holiday_that_is_added_moves_it_and_one_taken_away_brings_it_back(
    stage: Stage, ledger: Ledger
) -> None:
    go(stage, "03-02 12:00")
    number = ledger.opened(at("03-02 13:00"), support_unit="NGI_DE")
    rules = stage.desk.policy
    holiday = replace(HOURS, holidays=frozenset({date(2026, 3, 3)}))
    stage.desk = replace(stage.desk, policy=replace(rules, calendars=Calendars(holiday)))
    go(stage, "03-03 09:00")
    assert told(stage) == []
    stage.desk = replace(stage.desk, policy=rules)
    go(stage, "03-03 10:00")
    assert told(stage) == [(NGI, {"New": [number]})]
    assert _open_steps(stage) == {at("03-04 09:00")}


def test_a_digest_goes_on_when_the_clock_is_set_back(stage: Stage, ledger: Ledger) -> None:
    go(stage, "03-02 12:00")
    ledger.opened(at("03-02 13:00"), support_unit="NGI_DE")
    go(stage, "03-03 09:00")
    assert len(told(stage)) == 1
    for when in ("03-02 23:00", "03-03 08:50", "03-03 09:00", "03-03 09:10"):
        go(stage, when)
    assert told(stage) == []


def test_it_can_be_switched_off_for_one_or_all(stage: Stage, ledger: Ledger) -> None:
    rules = stage.desk.policy
    go(stage, "03-02 12:00")
    for unit in ("NGI_DE", "NGI_IT"):
        ledger.opened(at("03-02 13:00"), support_unit=unit)
    off = replace(rules, no_digest=frozenset({"ngi_de"}))
    stage.desk = replace(stage.desk, policy=off)
    go(stage, "03-03 09:00")
    assert [who for who, _ in told(stage)] == ["ngi-it@roc.example"]
    for unit in ("NGI_DE", "NGI_IT"):
        ledger.opened(at("03-03 13:00"), support_unit=unit)
    stage.desk = replace(stage.desk, policy=replace(rules, digest=False))
    go(stage, "03-04 09:00")
    assert told(stage) == []
    assert _open_steps(stage) == set()
    stage.desk = replace(stage.desk, policy=rules)
    go(stage, "03-04 10:00")
    assert _open_steps(stage) == {at("03-05 09:00")}


def test_one_that_is_killed_before_its_commit_is_made_by_the_next(
    stage: Stage, ledger: Ledger
) -> None:
    go(stage, "03-02 12:00")
    ledger.opened(at("03-02 13:00"), support_unit="NGI_DE")
    stage.now = at("03-03 09:00")

    def killed() -> None:
        write = gateway.desk.write

        def dies(*args: object) -> object:
            write(*args)  # type: ignore[arg-type] # whatever it is given
            os._exit(9)

        gateway.desk.write = dies  # type: ignore[assignment] # in a process that ends with it
        stage.desk = replace(stage.desk, store=open_store(stage.store.url))
        UnitDigests(stage.desk).tick()

    assert os.waitstatus_to_exitcode(in_a_process(killed)) == 9
    assert told(stage) == []
    go(stage, "03-03 09:01")
    assert len(told(stage)) == 1


def test_one_bad_unit_does_not_stop_the_others(
    stage: Stage, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(stage, "03-02 12:00")
    for unit in ("NGI_DE", "NGI_IT"):
        ledger.opened(at("03-02 13:00"), support_unit=unit)
    look = gateway.unit_digests.look_at_desk

    def breaks(unit: str, *args: Any) -> Any:
        if unit == "NGI_DE":
            raise RuntimeError(unit)
        return look(unit, *args)

    monkeypatch.setattr(gateway.unit_digests, "look_at_desk", breaks)
    go(stage, "03-03 09:00")
    assert [who for who, _ in told(stage)] == ["ngi-it@roc.example"]
    monkeypatch.setattr(gateway.unit_digests, "look_at_desk", look)
    go(stage, "03-03 09:14")
    assert told(stage) == []
    go(stage, "03-03 09:15")
    assert [who for who, _ in told(stage)] == [NGI]


def test_the_clock_of_tickets_makes_them_and_they_stand_still_with_it(
    stage: Stage, ledger: Ledger
) -> None:
    machine = Machine(stage)
    clock = clock_of(stage, machine=machine)
    clock.tick()
    stage.now = at("03-02 13:00")
    ledger.opened(stage.now, support_unit="NGI_DE")
    machine.jump(timedelta(days=1))
    clock.tick()
    tick(stage.desk)
    assert told(stage) == [], "the wall clock has jumped"
    assert _open_steps(stage) == {at("03-03 09:00")}
    machine.jump(timedelta(days=-1))
    clock.tick()
    stage.now = at("03-03 09:00")
    clock.tick()
    assert len(told(stage)) == 1


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_two_daemons_keep_and_make_one(stage: Stage, ledger: Ledger) -> None:
    machine = Machine(stage)
    clocks: list[TicketClock] = [clock_of(stage, name, machine) for name in ("one", "two")]
    steps: list[Callable[[], object]] = [clocks[0].tick, clocks[0].release, clocks[1].tick]
    for step in steps:
        step()
    stage.now = at("03-02 13:00")
    ledger.opened(stage.now, support_unit="NGI_DE")
    stage.now = at("03-03 09:00")
    for clock in clocks:
        clock.tick()
    clocks[1].release()
    clocks[0].tick()
    assert len(told(stage)) == 1


def test_a_unit_has_one_open_step_whoever_keeps_it(stage: Stage) -> None:
    for _ in range(2):
        with stage.store.writing() as conn:
            keep_first(conn, [("NGI_DE", at("03-03 09:00"))], stage.now)
    with stage.store.reading() as conn:
        assert len(conn.execute(select(reminder.c.id)).all()) == 1
        assert list(open_digests(conn)) == ["NGI_DE"]


def test_an_answer_about_a_listed_ticket_reaches_it(stage: Stage) -> None:
    go(stage, "03-02 12:00")
    stage.now = at("03-02 12:30")
    mail(stage, ANNE, "They fail.")
    go(stage, "03-03 09:00")
    (letter,) = [one for one in stage.said() if one.kind == STEP]
    assert letter.recipient == TPM
    text = text_of(letter.mail)
    address = next(word for word in text.split() if word.startswith("reply+"))
    stage.now = at("03-03 09:30")
    mail(stage, "tina@firstline.example", "Status: in progress\r\n\r\nMine.", address)
    assert row(stage)["status"] == "in progress"


def text_of(raw: bytes) -> str:
    """The text of a mail for people who read text."""
    body = message_from_bytes(raw, policy=policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def _open_steps(stage: Stage) -> set[datetime]:
    open_ones = select(reminder.c.due_at).where(
        reminder.c.done_at.is_(None), reminder.c.step == STEP
    )
    with stage.store.reading() as conn:
        return {one.astimezone(UTC) for one in conn.execute(open_ones).scalars()}
