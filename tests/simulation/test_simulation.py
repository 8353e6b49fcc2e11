"""Three months of the simulated years, and a checker that finds what is wrong in them."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from simulation.checking import check
from simulation.digests import digests, wrong_digests
from simulation.records import Records
from simulation.run import simulate
from simulation.world import BEGIN

pytestmark = pytest.mark.timeout(600)
SEED, TICKETS, DAYS = 1, 25, 45


def test_no_step_is_double_missing_early_late_or_out_of_hours(place: Path) -> None:
    course, verdict = simulate(place, SEED, TICKETS, BEGIN + timedelta(days=DAYS))
    records = course.desk.records
    assert verdict.words == []
    assert len(records.told) > TICKETS
    _finds_what_is_wrong(records)
    made = digests(place)
    assert len(made) > DAYS
    assert wrong_digests(made, 0) == []
    who, at = made[0]
    assert len(wrong_digests([*made, (who, at + timedelta(minutes=1))], 0)) == 1


def _finds_what_is_wrong(records: Records) -> None:
    """Take a mail away, double one, and move one: the checker must say so."""
    at, one = next(
        (at, one) for at, one in enumerate(records.told) if one.address == "tpm@firstline.example"
    )
    before = next(look for look in reversed(records.looks) if look.place < one.place)
    after = next(look for look in records.looks if look.place > one.place)
    early = replace(one, place=before.place, at=before.at)
    late = replace(one, place=after.place, at=after.at)
    cases = {
        "missing": [],
        "double": [one, one],
        "early": [early],
        "late": [late],
        "out of hours": [replace(one, at=one.at - timedelta(hours=12))],
    }
    for fault, mails in cases.items():
        told = [*records.told[:at], *mails, *records.told[at + 1 :]]
        assert check(replace(records, told=told)).faults[fault] == 1, fault
