"""An alarm through each real monitoring system and back: raised, shown, acknowledged, over.

Each system has another way in: alias, pipe, Sieve, procmail.
"""

from collections.abc import Iterator

import pytest

from tests.alarms.whole.federation import ANNA, Federation
from tests.alarms.whole.systems import (
    WORDS,
    ByAlertmanager,
    ByIcinga2,
    ByNagios,
    ByZabbix,
    System,
)


@pytest.fixture(params=["nagios", "nsca", "icinga2", "zabbix", "alertmanager"])
def system(federation: Federation, request: pytest.FixtureRequest) -> Iterator[System]:
    """A site with a system of its own."""
    asked = request.getfixturevalue(request.param)
    made: System
    match request.param:
        case "nsca":
            made = ByNagios(federation, request.getfixturevalue("nagios"), asked)
        case "nagios":
            made = ByNagios(federation, asked)
        case "icinga2":
            made = ByIcinga2(federation, asked)
        case "zabbix":
            made = ByZabbix(federation, asked)
        case _:
            made = ByAlertmanager(federation, asked)
    yield made
    made.leave()


def test_an_alarm_goes_the_whole_way_and_back(federation: Federation, system: System) -> None:
    name = system.site.called[0]
    ticket = federation.raised(name)
    federation.until(lambda: system.shows(ticket), "it is shown")
    federation.until(lambda: federation.alarm(ticket).receipt_at, "the receipt")
    assert not system.is_acknowledged(ticket)
    assert federation.alarm(ticket).status == "assigned"

    system.acknowledge(ticket)
    federation.until(lambda: federation.alarm(ticket).answered_at, "the answer")
    row = federation.alarm(ticket)
    assert (row.status, row.answered_by) == ("in progress", f"{system.who} at {name}")
    federation.told(ANNA, ticket, f"{row.answered_by}")
    federation.told(ANNA, ticket, WORDS)
    federation.until(lambda: system.is_acknowledged(ticket), "it is acknowledged there")

    if not system.close(ticket):
        federation.solved_by_anna(ticket)
    federation.until(lambda: federation.alarm(ticket).over_at, "it is solved")
    federation.until(lambda: not system.shows(ticket), "it is well again there")
    kinds = [str(one.kind) for one in federation.history(ticket)]
    assert kinds[:3] == ["opened", "alarm received", "alarm acknowledged"]
    assert len(kinds) == 4, "nothing is said twice, and nobody answers back"
    acknowledged = federation.history(ticket)[2]
    assert (acknowledged.by, acknowledged.text) == (row.answered_by, WORDS)
    assert acknowledged.changes == (("status", "assigned", "in progress"),)
    assert federation.alarm(ticket).status == "solved"
    assert system.site.names("quarantine") == []
