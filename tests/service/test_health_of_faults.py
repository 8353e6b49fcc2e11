"""What `ticketgate health` can still tell when the configuration has faults."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from running import Helpdesk, helpdesk, until

from store.engine import Store
from store.health import say_of_role
from tests.service.test_health import WEB


@pytest.fixture
def desk(place: Path) -> Iterator[Helpdesk]:
    with helpdesk(place, WEB) as running:
        yield running


@pytest.mark.parametrize(
    ("added", "fault"),
    [
        ("\n[smpt]\nlisten = 1\n", "smpt"),
        ("\nname = not closed\n", "not TOML"),
    ],
    ids=["an unknown section", "no TOML"],
)
def test_with_a_faulty_configuration_the_running_daemon_is_still_shown(
    desk: Helpdesk, added: str, fault: str
) -> None:
    """It runs with the configuration that it was started with."""
    until(lambda: desk.typed("health").code == 0, "all is well")
    desk.config.write_text(desk.config.read_text() + added)
    done = desk.typed("health")
    assert done.code == 1
    assert fault in done.err
    first, *others = done.out.splitlines()
    assert first.startswith("configuration: failing, it cannot be used (1 error); a daemon")
    assert [line.partition(":")[0] for line in others] == [
        "store journal", "smtp", "store tickets", "courier-0", "web-0", "work-0", "disk",
    ]  # fmt: skip
    assert all(": ok" in line for line in others)
    rows = desk.typed("health", "--json").rows
    assert [row["state"] for row in rows] == ["failing", *["ok"] * 7]


def test_without_the_stores_url_it_says_that_nothing_is_known(place: Path) -> None:
    desk = Helpdesk(place, {"sqlite:///tickets.db": "mysql://tickets"})
    done = desk.typed("health")
    assert done.code == 1
    assert "store.url: " in done.err
    assert done.out.splitlines()[1:] == [
        "store: failing, nothing is known of the daemon, because [store] has a fault"
    ]
    desk.config.write_text(desk.config.read_text() + "\n[store]\n")
    assert "because it is not clear which [store] counts" in desk.typed("health").out
    desk.config.unlink()
    done = desk.typed("health")
    assert "No such file" in done.err
    assert "because the file cannot be read" in done.out


def test_with_a_faulty_configuration_and_no_daemon_it_says_that_nobody_speaks(
    place: Path, in_files: Store
) -> None:
    desk = Helpdesk(place)
    say_of_role(in_files, "work-0", "", datetime.now(UTC) - timedelta(hours=2))
    desk.config.write_text(desk.config.read_text() + "\n[smpt]\n")
    done = desk.typed("health")
    assert done.code == 1
    assert "daemon: silent, nobody has said anything for an hour" in done.out
    assert "work-0" not in done.out
