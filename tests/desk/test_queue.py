"""A unit's queue: what is open there, in the order of work, read without what has ended."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, update
from stage import Stage

from gateway.queues import queue_of, queue_row, said_age, said_left, unit_named, unit_row
from parsers.errors import Refused
from router.queued import First
from router.ticket import Tie
from store.alarm_tables import paging
from store.queue import tallies, units_with_tickets
from tests.desk.ledger import Ledger, at


def numbers(stage: Stage, unit: str, limit: int | None = None) -> list[int]:
    return [one.ticket.number for one in queue_of(stage.desk, unit, limit).first]


def test_the_order_is_that_of_work(stage: Stage, ledger: Ledger) -> None:
    stage.now = at("03-10 12:00")

    def opened(when: str, **more: Any) -> int:
        return ledger.opened(at(when), support_unit="TPM", **more)

    green_new = opened("03-10 11:00")
    green = opened("03-10 09:00")
    yellow = opened("03-05 12:00")
    held = opened("03-10 11:30", held="unproven sender")
    amber_waits = opened("03-03 12:00")
    ledger.turn(amber_waits, at("03-03 13:00"), status="in progress")
    ledger.turn(amber_waits, at("03-04 17:00"), status="waiting for reply")
    amber = opened("03-04 12:00")
    red = opened("03-02 12:00")
    redder = opened("03-02 10:00")
    held_alarm = opened("03-10 11:59", held="alarm wanted, not proven", wanted="ALARM")
    exercise = opened("03-10 11:58", exercise="yes")
    alarm = opened("03-10 11:58", alarm="yes")
    over = opened("03-10 11:57", alarm="yes")
    with stage.store.writing() as conn:
        conn.execute(update(paging).where(paging.c.ticket == over).values(over_at=stage.now))
    ended = opened("03-02 09:00")
    ledger.turn(ended, at("03-02 10:00"), status="solved")
    order = [
        alarm, held_alarm, redder, red, amber, amber_waits, held, yellow, green, green_new,
        over, exercise,
    ]  # fmt: skip
    assert numbers(stage, "TPM") == order
    assert numbers(stage, "TPM", 3) == order[:3]
    assert queue_of(stage.desk, "TPM", 3).tally.total == len(order)


def test_a_row_tells_what_is_left_who_is_waited_for_and_what_comes_next(
    stage: Stage, ledger: Ledger
) -> None:
    stage.now = at("03-10 12:00")
    taken = ledger.opened(at("03-03 12:00"), support_unit="NGI_DE", notified_site="FZK-LCG2")
    ledger.turn(taken, at("03-09 15:00"), status="in progress", assigned_to="rosa@roc.example")
    fresh = ledger.opened(at("03-10 11:00"), support_unit="NGI_DE")
    asked = ledger.opened(at("03-03 12:00"), support_unit="NGI_DE", submitter="jo@lab.example")
    ledger.turn(asked, at("03-03 14:00"), status="waiting for reply")
    queue = queue_of(stage.desk, "NGI_DE", None)
    rows = {one.ticket.number: queue_row(one, stage.desk.policy) for one in queue.first}
    assert (rows[taken].left_s, rows[taken].waits_for) == (11 * 3600, "rosa@roc.example")
    assert (rows[taken].next_step, rows[taken].next_at) == (
        "reminder to the unit",
        at("03-11 11:00"),  # three quarters of 16 hours
    )
    assert rows[taken].site == "FZK-LCG2"
    assert (rows[fresh].left_s, rows[fresh].waits_for) == (39 * 3600, "somebody to take it")
    assert rows[asked].waits_for == "its submitter, jo@lab.example"
    assert (rows[asked].next_step, rows[asked].next_at) == (
        "reminder to the submitter",
        at("03-10 14:00"),
    )


def test_a_day_that_was_asked_for_comes_next(stage: Stage, ledger: Ledger) -> None:
    number = ledger.opened(at("03-02 09:00"), support_unit="NGI_DE")
    ledger.turn(number, at("03-02 10:00"), status="on hold")
    ledger.remind(number, at("03-20 09:00"))
    (one,) = queue_of(stage.desk, "NGI_DE", None).first
    row = queue_row(one, stage.desk.policy)
    assert (row.next_step, row.next_at) == ("reminder that was asked for", at("03-20 09:00"))
    assert row.waits_for == "what tina@firstline.example put it on hold for"


def test_what_waits_for_other_tickets_names_them(stage: Stage, ledger: Ledger) -> None:
    opened = at("03-02 09:00")
    master = ledger.opened(opened)
    slave, parent, lonely = (ledger.opened(opened, support_unit="NGI_DE") for _ in range(3))
    for number in (slave, parent, lonely):
        ledger.turn(number, at("03-02 10:00"), status="on hold")
    children = [ledger.opened(opened) for _ in range(3)]
    ledger.relate(slave, Tie.MASTER, master)
    for child in children:
        ledger.relate(child, Tie.PARENT, parent)

    def waits() -> dict[int, str]:
        first = queue_of(stage.desk, "NGI_DE", None).first
        return {one.ticket.number: queue_row(one, stage.desk.policy).waits_for for one in first}

    one, two, three = children
    assert waits() == {
        slave: f"its master, #{master}",
        parent: f"its children, #{one}, #{two}, #{three}",
        lonely: "what tina@firstline.example put it on hold for",
    }
    for child in (one, three):
        ledger.turn(child, at("03-02 11:00"), status="solved")
    assert waits()[parent] == f"its child, #{two}"
    ledger.turn(two, at("03-02 11:00"), status="unsolved")
    ledger.turn(slave, at("03-02 11:00"), status="in progress")
    assert waits()[parent] == "what tina@firstline.example put it on hold for"
    assert waits()[slave] == "its unit"


def test_what_is_on_hold_says_for_what(stage: Stage, ledger: Ledger) -> None:
    number = ledger.opened(at("03-02 09:00"), support_unit="NGI_DE")

    def waits() -> str:
        (one,) = queue_of(stage.desk, "NGI_DE", None).first
        return queue_row(one, stage.desk.policy).waits_for

    ledger.turn(number, at("03-02 10:00"), status="on hold", text="An old reason.")
    ledger.turn(number, at("03-02 11:00"), status="in progress", text="It is here.")
    said = "Dear all,\n\nThe vendor sends a spare part.\nIt takes a week."
    ledger.turn(number, at("03-02 12:00"), status="on hold", text=said)
    ledger.turn(number, at("03-02 13:00"), priority="top priority", text="More is broken now.")
    assert waits() == "on hold: The vendor sends a spare part."


def test_the_tickets_of_a_person_are_shown_at_all_units(stage: Stage, ledger: Ledger) -> None:
    mine = []
    for unit, person in (("NGI_DE", "rosa@roc.example"), ("TPM", "Rosa@ROC.example"), ("TPM", "")):
        number = ledger.opened(at("03-02 09:00"), support_unit=unit)
        ledger.turn(number, at("03-02 10:00"), status="in progress", assigned_to=person)
        mine += [number] if person else []
    found = queue_of(stage.desk, "", None, person="rosa@roc.example")
    assert [one.ticket.number for one in found.first] == mine
    assert found.tally.total == len(mine)
    assert numbers(stage, "TPM", 1) == [mine[1]]


def test_each_unit_has_its_numbers(stage: Stage, ledger: Ledger) -> None:
    stage.now = at("03-10 12:00")
    ledger.opened(at("03-02 09:00"), support_unit="NGI_DE", escalation=1)
    waits = ledger.opened(at("03-10 09:00"), support_unit="NGI_DE")
    ledger.turn(waits, at("03-10 10:00"), status="waiting for reply")
    ledger.opened(at("03-10 09:00"), held="unproven sender")
    ended = ledger.opened(at("03-02 09:00"), support_unit="NGI_NL")
    ledger.turn(ended, at("03-02 10:00"), status="unsolved")
    found = {one.unit: one for one in tallies(stage.store, stage.desk.policy, stage.now)}
    assert found["NGI_NL"].total == 0
    ngi = unit_row(found["NGI_DE"])
    assert (ngi.open, ngi.red, ngi.green, ngi.waiting, ngi.escalated) == (2, 1, 1, 1, 1)
    assert ngi.oldest_at == at("03-02 09:00")
    assert unit_row(found["TPM"]).held == 1


def test_a_unit_is_found_by_any_spelling_and_an_unknown_one_is_refused(
    stage: Stage, ledger: Ledger
) -> None:
    ledger.opened(at("03-02 09:00"), support_unit="NGI_Gone")
    assert unit_named(stage.desk, " ngi_de ") == "NGI_DE"
    assert unit_named(stage.desk, "vosupport") == "VOSupport"
    assert unit_named(stage.desk, "ngi_gone") == "NGI_Gone"
    with pytest.raises(Refused, match=r'"NGI_D" is not known here. Did you mean NGI_DE or'):
        unit_named(stage.desk, "NGI_D")
    with pytest.raises(Refused, match=r'"nothing like it" is not known here\.$'):
        unit_named(stage.desk, "nothing like it")


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_what_has_ended_is_never_read(stage: Stage, ledger: Ledger) -> None:
    ledger.opened(at("03-02 09:00"), support_unit="NGI_DE")
    plans: list[str] = []

    def explain(conn: Connection, _cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("SELECT"):
            raw = conn.connection.dbapi_connection
            assert raw is not None
            rows = raw.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", rest[0]).fetchall()
            plans.extend(row[-1] for row in rows)

    event.listen(stage.store.desk, "before_cursor_execute", explain)
    numbers(stage, "NGI_DE")
    with stage.store.reading() as conn:
        assert list(units_with_tickets(conn)) == ["NGI_DE"]
    of_tickets = [one for one in plans if " ticket " in one]
    assert any("ix_ticket_unit (support_unit=? AND status=?)" in one for one in of_tickets)
    assert [one for one in plans if one.startswith("SCAN")] == []


def test_the_first_of_many_are_kept_and_the_others_counted(stage: Stage, ledger: Ledger) -> None:
    with ledger.at_once():
        for minute in range(250):
            ledger.opened(at("03-02 09:00") + timedelta(minutes=minute), support_unit="NGI_DE")
    first = First(10)
    whole = queue_of(stage.desk, "NGI_DE", None).first
    for one in reversed(whole):
        first.add(one)
    assert first.total == 250
    assert first.kept == list(whole[:10])


def test_times_are_said_in_few_letters() -> None:
    assert [said_left(one) for one in (None, 0, 7500, -7500, 360_000)] == [
        "", "0 h 00", "2 h 05", "-2 h 05", "100 h 00",
    ]  # fmt: skip
    ages = (timedelta(minutes=-5), timedelta(minutes=59), timedelta(hours=47), timedelta(days=2))
    assert [said_age(one) for one in ages] == ["0 min", "59 min", "47 h", "2 d"]
