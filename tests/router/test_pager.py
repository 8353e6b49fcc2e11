"""Whom an alarm wakes: the VO's address, several, the contact for want of one; and downtimes."""

from datetime import UTC, datetime, timedelta

import pytest

from parsers.registry import Downtime, Registry, Site
from router.addresses import OurAddresses
from router.alarming import pager_of
from router.decision import Route
from router.words import Reason

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
TO = Route("NGI", (), "T0-EX")
OURS = OurAddresses("hd.example", "support@hd.example", "team@hd.example", "alarm@hd.example")


def site(alarm: tuple[str, ...], contacts: tuple[str, ...] = ("ops@t0.example",)) -> Registry:
    return Registry(sites=(Site("T0-EX", alarm_addresses=alarm, contacts=contacts),))


@pytest.mark.parametrize(
    ("alarm", "vo", "woken"),
    [
        (("alarm@t0.example",), "cms", ["alarm@t0.example"]),
        (("a@t0.example", "b@t0.example"), "cms", ["a@t0.example", "b@t0.example"]),
        (("{vo}-operator-alarm@t0.example",), "CMS", ["cms-operator-alarm@t0.example"]),
        (("{vo}@t0.example", "all@t0.example"), "lhcb", ["lhcb@t0.example", "all@t0.example"]),
        (("{vo}@t0.example", "all@t0.example"), "", ["all@t0.example"]),
        (("{vo}@t0.example",), "", ["ops@t0.example"]),
        ((), "cms", ["ops@t0.example"]),
        (("cms@t0.example", "{vo}@T0.example"), "cms", ["cms@t0.example"]),
        (("Support@HD.example",), "cms", ["ops@t0.example"]),
        (("alarm@hd.example", "all@t0.example"), "cms", ["all@t0.example"]),
    ],
)
def test_an_alarm_wakes_the_addresses_that_are_meant(
    alarm: tuple[str, ...], vo: str, woken: list[str]
) -> None:
    pager = pager_of(TO, vo, site(alarm), OURS, NOW)
    assert [one.address for one in pager.people] == woken
    assert (Reason.ALARM_ADDRESS_MISSING in pager.reasons) == (woken == ["ops@t0.example"])


def test_a_site_that_nobody_can_wake_is_said_loudly() -> None:
    pager = pager_of(TO, "cms", site((), ()), OURS, NOW)
    assert (pager.people, pager.reasons) == ((), (Reason.NOBODY_TO_ALARM,))
    assert "Please call" in pager.notes[0]


@pytest.mark.parametrize(
    ("begins", "ends", "said"), [(-1, 2, True), (1, 2, False), (-3, -1, False), (-1, 0, False)]
)
def test_only_a_downtime_that_goes_on_is_said_and_it_stops_nothing(
    begins: int, ends: int, *, said: bool
) -> None:
    down = Downtime("1", "T0-EX", NOW + begins * HOUR, NOW + ends * HOUR, description="new disks")
    known = Registry(
        sites=(Site("T0-EX", alarm_addresses=("alarm@t0.example",)),), downtimes=(down,)
    )
    pager = pager_of(TO, "cms", known, OURS, NOW)
    assert [one.address for one in pager.people] == ["alarm@t0.example"]
    assert pager.reasons == ((Reason.SITE_IN_DOWNTIME,) if said else ())
    assert [("until 2026-03-02 12:00 UTC (new disks)" in note) for note in pager.notes] == (
        [True] if said else []
    )
