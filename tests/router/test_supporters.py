"""Who is a supporter: of a unit, of a region, and never by a mail that was signed for another ticket."""

from dataclasses import replace

import pytest

from router.ticket import Ticket
from tests.router.replies import FIRST_LINE, LIST, OTHER, WORLD, about, after, by, changes

RITA, IVO = "rita@roc.example", "ivo@roc.example"
REGIONS = replace(
    WORLD,
    rocs=tuple(
        replace(one, supporters=(RITA,) if one.name == "NGI_DE" else (IVO,)) for one in WORLD.rocs
    ),
)


@pytest.fixture(autouse=True)
def _regions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.router.replies.WORLD", REGIONS)


@pytest.mark.parametrize(
    ("who", "ticket", "may"),
    [
        (RITA, about(), True),
        (IVO, about(), False),
        (IVO, about(support_unit="ngi_it"), True),
        (OTHER, about(), False),
        (FIRST_LINE, about(), True),
        (LIST, about(), True),
        (RITA, about(support_unit="GONE"), False),
    ],
)
def test_supporters_of_the_responsible_unit_or_region_steer(
    who: str, ticket: Ticket, may: bool
) -> None:
    decision = after(by(who, "Status: in progress\n"), ticket)
    assert bool(changes(decision)) is may


def test_a_region_gives_a_ticket_to_one_of_its_people() -> None:
    decision = after(by(RITA, "Assign to: me\n"), about())
    assert changes(decision) == {"assigned person": ("", RITA)}
    other = after(by(RITA, f"Assign to: {IVO}\n"), about())
    assert changes(other) == {}
    assert RITA in " ".join(other.notes)
