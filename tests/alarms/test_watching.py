"""What an operator sees of alarms: on the page of numbers, in the ticket, before it happens."""

from datetime import timedelta

import pytest
from acting import Acting

from gateway.metrics import exposition
from router.decision import Command
from store.watching import read_amounts


def numbers(acting: Acting) -> dict[str, float]:
    page = exposition(read_amounts(acting.stage.store), (), acting.stage.now).decode()
    lines = (line.rpartition(" ") for line in page.splitlines() if "_alarms_" in line)
    return {
        name.removeprefix("ticketgate_alarms_"): float(n) for name, _, n in lines if name[0] != "#"
    }


def test_the_numbers_tell_of_alarms_that_nobody_answers(acting: Acting) -> None:
    quiet = numbers(acting)
    assert set(quiet.values()) == {0.0}
    assert len(quiet) == 8
    acting.alarm()
    acting.stage.now += timedelta(minutes=20)
    acting.stage.said()
    command = Command("drill", 0, "anna@cern.example", site="pic", vo="atlas", drill="march")
    acting.stage.desk.do(command)
    acting.stage.now += timedelta(minutes=5)
    found = numbers(acting)
    assert found['oldest_unanswered_seconds{mode="actual"}'] == pytest.approx(1500, abs=1)
    assert found['oldest_unanswered_seconds{mode="exercise"}'] == pytest.approx(300, abs=1)
    assert found['without_receipt{mode="actual"}'] == 1
    acting.answer("alarm@fzk.example", "Event: receipt")
    assert numbers(acting)['without_receipt{mode="actual"}'] == 0
    assert numbers(acting)['unanswered{mode="actual"}'] == 1
    acting.answer("alarm@fzk.example", "Event: ack")
    found = numbers(acting)
    assert found['unanswered{mode="actual"}'] == 0
    assert found['open{mode="actual"}'] == 1
    assert found['oldest_unanswered_seconds{mode="actual"}'] == 0
