"""What a digest says: each ticket once, in the section that presses most; first line sees all."""

from dataclasses import replace

import pytest
from sqlalchemy import update
from stage import Stage

from router.limits import LimitTable
from router.ticket import Tie
from router.unit_digest import STEP
from store.clock_tables import timing
from tests.desk.ledger import Ledger, at
from tests.desk.test_digest import NGI, TPM, digests, go, text_of, told


@pytest.fixture(autouse=True)
def without_limits_for_solutions(stage: Stage, ledger: Ledger) -> None:
    """As it is built in."""
    rules = replace(stage.desk.policy, limits=LimitTable())
    stage.desk = replace(stage.desk, policy=rules)
    ledger.policy = rules


def test_each_ticket_stands_in_the_section_that_presses_most(stage: Stage, ledger: Ledger) -> None:
    go(stage, "03-02 12:00")

    def opened(when: str, **more: object) -> int:
        return ledger.opened(at(when), support_unit="NGI_DE", **more)

    late = opened("03-09 09:00")
    near = opened("03-24 13:00")  # 40 hours from then end on Tuesday 31 March at 13:00
    stuck = opened("03-09 09:00")
    quiet, spoken, waiting = (opened("03-16 09:00") for _ in range(3))
    ledger.turn(quiet, at("03-16 10:00"), status="on hold")
    ledger.turn(spoken, at("03-25 12:00"), status="on hold")
    ledger.turn(waiting, at("03-16 12:00"), status="waiting for reply")
    raised = opened("03-24 11:00", escalation=2)
    alarm = opened("03-25 09:00", alarm="yes")
    go(stage, "03-30 09:00")
    stage.said()
    new = opened("03-30 10:00")
    with stage.store.writing() as conn:
        at_the_end = update(timing).where(timing.c.ticket == stuck)
        conn.execute(at_the_end.values(steps=4, due_at=None))
    go(stage, "03-31 09:00")
    found = dict(told(stage))
    assert found[NGI] == {
        "Alarms": [alarm],
        "Waiting for a person: the clock does nothing more": [stuck],
        "Past their limit": [late],
        "Escalated by their submitters": [raised],
        "Reaching their limit today": [near],
        "New": [new],
        "Without a word for five working days": [quiet],
    }
    assert {spoken, waiting}.isdisjoint({one for each in found[NGI].values() for one in each})


def test_what_waits_for_another_ticket_names_it(stage: Stage, ledger: Ledger) -> None:
    go(stage, "03-02 12:00")
    master = ledger.opened(at("03-16 09:00"))
    slave = ledger.opened(at("03-16 09:00"), support_unit="NGI_DE")
    ledger.turn(slave, at("03-16 10:00"), status="on hold")
    ledger.relate(slave, Tie.MASTER, master)
    go(stage, "03-31 09:00")
    (said,) = [one for one in digests(stage) if one["to"] == NGI]
    assert [(one["ticket"], one["waits_for"]) for one in said["tickets"]] == [
        (slave, f"its master, #{master}")
    ]


def test_first_line_sees_who_is_late_anywhere_and_what_was_escalated(
    stage: Stage, ledger: Ledger
) -> None:
    go(stage, "03-02 12:00")
    for _ in range(2):
        ledger.opened(at("03-02 13:00"), support_unit="NGI_IT")
    ledger.opened(at("03-02 13:00"), support_unit="NGI_DE")
    raised = ledger.opened(at("03-09 13:00"), support_unit="NGI_NL", escalation=1)
    held = ledger.opened(at("03-09 13:00"), held="unproven sender")
    go(stage, "03-10 09:00")
    (ours,) = [one for one in digests(stage) if one["to"] == TPM]
    assert ours["unit"] == "TPM"
    assert ours["total"] == 1
    assert ours["places"] == [{"place": "held", "number": 1}]
    assert ours["units"] == [
        {"unit": "NGI_IT", "open": 2, "red": 2, "escalated": 0},
        {"unit": "NGI_DE", "open": 1, "red": 1, "escalated": 0},
        {"unit": "NGI_NL", "open": 1, "red": 0, "escalated": 1},
    ]
    assert [(one["section"], one["ticket"], one["unit"]) for one in ours["tickets"]] == [
        ("Held, waiting to be let go", held, "TPM"),
        ("Escalated by their submitters", raised, "NGI_NL"),
    ]


def test_a_long_queue_is_a_short_mail(stage: Stage, ledger: Ledger) -> None:
    go(stage, "03-02 12:00")
    with ledger.at_once():
        for _ in range(300):
            ledger.opened(at("03-02 13:00"), support_unit="NGI_DE", subject="x" * 5000)
    go(stage, "03-03 09:00")
    (letter,) = [one for one in stage.said() if one.kind == STEP]
    text = text_of(letter.mail)
    assert "== New: 300 ==\n" in text
    assert "\n290 more.\n" in text
    assert text.count("#1000") == 10
    assert len(text) < 10_000


def test_a_mail_is_readable_on_a_telephone(stage: Stage, ledger: Ledger) -> None:
    go(stage, "03-02 12:00")
    ledger.opened(
        at("03-02 13:00"), support_unit="NGI_DE", notified_site="FZK-LCG2", subject="Files lost"
    )
    go(stage, "03-10 09:00")
    letters = [one for one in stage.said() if one.kind == STEP and one.recipient == NGI]
    assert (
        text_of(letters[0].mail)
        == """\
1 ticket is open at NGI_DE: 1 red. New is what came since 2026-03-02
12:00 UTC. To answer about a ticket, write to the address below it.

== Past their limit: 1 ==

#100001  Files lost
    assigned, urgent, 4 h past the limit
    7 d old, FZK-LCG2; waits for somebody to take it
"""
    )
