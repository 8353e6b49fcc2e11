"""What the service manager hears: ready, stopping, status, and the watchdog only while we watch."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from manager import Manager
from running import Helpdesk

from gateway.processes.notify import Notify


@pytest.fixture(params=[False, True], ids=["path", "abstract"])
def both_forms(place: Path, request: pytest.FixtureRequest) -> Iterator[Manager]:
    one = Manager(place, abstract=request.param)
    yield one
    one.close()


def test_the_manager_hears_ready_where_and_stopping(both_forms: Manager, place: Path) -> None:
    desk = Helpdesk(place)
    desk.env |= both_forms.environ()
    desk.start()
    both_forms.hear("READY=1")
    assert both_forms.hear("STATUS=ready") == f"STATUS=ready smtp=127.0.0.1:{desk.smtp[1]}"
    before = both_forms.heard[: both_forms.heard.index("READY=1")]
    assert any(text.startswith("STATUS=starting doors-0") for text in before)
    desk.stop()
    both_forms.hear("STOPPING=1")
    assert not any(text.startswith("WATCHDOG") for text in both_forms.heard)


def test_a_role_that_is_away_stands_in_the_status(manager: Manager, place: Path) -> None:
    desk = Helpdesk(place)
    desk.env |= manager.environ()
    desk.start()
    manager.hear("STATUS=ready")
    os.kill(desk.roles()["courier-0"], signal.SIGKILL)
    assert manager.hear("STATUS=starting") == "STATUS=starting courier-0 (signal SIGKILL)"
    manager.hear("STATUS=ready")
    desk.stop()


def test_the_watchdog_is_fed_only_while_the_supervisor_goes_round(
    manager: Manager, place: Path
) -> None:
    desk = Helpdesk(place)
    desk.env |= manager.environ(watchdog_s=1.5)
    desk.start()
    assert desk.process is not None
    for _ in range(3):
        manager.hear("WATCHDOG=1", within_s=60)
    desk.process.send_signal(signal.SIGSTOP)
    try:
        assert manager.is_silent("WATCHDOG", for_s=2.5)
    finally:
        desk.process.send_signal(signal.SIGCONT)
    manager.hear("WATCHDOG=1", within_s=60)
    desk.stop()


def test_without_a_manager_nothing_is_said_and_nothing_fails() -> None:
    for environ in ({}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}):
        notify = Notify.take(environ)
        notify.ready()
        notify.alive(time.monotonic())
        notify.status("x")
        notify.stopping()
        notify.close()
        assert environ == {}


def test_a_manager_that_is_away_or_does_not_listen_harms_nothing(manager: Manager) -> None:
    gone = Notify.take({"NOTIFY_SOCKET": "/nowhere/notify", "WATCHDOG_USEC": "1000"})
    gone.ready()
    gone.alive(time.monotonic())
    full = Notify.take(manager.environ())
    for number in range(10_000):
        full.status(f"line {number}")
    assert manager.hear("STATUS=line 0")


def test_the_variables_of_another_process_are_not_believed() -> None:
    other = {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}
    assert Notify.take(dict(other)).watchdog_s == 0
    own = other | {"WATCHDOG_PID": str(os.getpid())}
    assert Notify.take(own).watchdog_s == 1


def test_what_a_busy_manager_had_no_room_for_is_said_again(manager: Manager) -> None:
    """READY=1 that was lost would end in a start that is never over."""
    notify = Notify.take(manager.environ(watchdog_s=0.003))
    for beat in range(50):  # more than a queue of datagrams takes
        notify.alive(float(beat))
    notify.ready()
    notify.status("ready smtp=127.0.0.1:25")
    while not manager.is_silent("", for_s=0.1):
        pass
    assert "READY=1" not in manager.heard
    notify.alive(100.0)
    notify.status("ready smtp=127.0.0.1:25")
    manager.hear("READY=1", within_s=60)
    manager.hear("STATUS=ready smtp=127.0.0.1:25", within_s=60)
    notify.close()
