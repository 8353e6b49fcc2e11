"""Who proves no life is killed, and who was only halted is not."""

import os
import signal
import time

from tests.daemon.served import Serve, wait_for


def test_a_halted_supervisor_kills_nobody_when_it_goes_on(serve: Serve) -> None:
    work = """
    signal.signal(signal.SIGUSR1, lambda *_: link.idle())
    signal.signal(signal.SIGUSR2, lambda *_: note("alive", os.getpid()))
    link.ready()
    link.busy([1], time.monotonic() - 5)
    note("busy")
    while not link.stopping:
        link.wait(60)
    """
    served = serve({"PAUSE_S": 0.3, "TICK_S": 0.05}, work={"code": work})
    served.ready()
    served.noted("work.0 busy")
    served.process.send_signal(signal.SIGSTOP)
    overdue_at = time.monotonic() + 6.5
    wait_for(lambda: time.monotonic() > overdue_at)
    served.process.send_signal(signal.SIGCONT)
    os.kill(served.pid("work.0"), signal.SIGUSR1)
    os.kill(served.pid("work.0"), signal.SIGUSR2)
    served.noted("work.0 alive")
    assert served.stop() == 0
    assert len(served.notes("work.0 start")) == 1


LIVING = """
from gateway.processes import link as module
module.ALIVE_S = 0.2
"""


def test_a_role_that_hangs_without_being_busy_is_killed_and_comes_back(serve: Serve) -> None:
    hangs_once = """
    link.ready()
    if not (here / "hung").exists():
        (here / "hung").touch()
        time.sleep(60)
    link.wait(60)
    """
    served = serve({"SILENT_S": 1.0, "TICK_S": 0.1}, doors={}, work={"code": hangs_once})
    served.err_has("role killed: silent")
    assert served.pid("work.0", times=2)
    assert served.stop() == 0


def test_an_event_loop_that_stands_still_is_noticed(serve: Serve) -> None:
    stands_still = f"""
    {LIVING.replace(chr(10), chr(10) + "    ")}
    async def run():
        link.ready()
        stop = asyncio.create_task(link.await_stop())
        await asyncio.sleep(6.5)  # longer than the silence that is allowed
        note("loops")
        time.sleep(60)
    asyncio.run(run())
    """
    served = serve({"SILENT_S": 5.0, "TICK_S": 0.1}, doors={"code": stands_still})
    served.noted("doors.0 loops")
    assert len(served.notes("doors.0 start")) == 1
    served.err_has("role killed: silent")
    assert served.stop() == 0


def test_roles_that_wait_for_long_or_are_busy_prove_their_life(serve: Serve) -> None:
    waits = LIVING + "link.ready()\nlink.wait(6.5)\nnote('lived')\nlink.wait(60)"
    busy = "link.ready()\nlink.busy([1], time.monotonic() + 60)\ntime.sleep(6.5)\nnote('lived')\n"
    served = serve(
        {"SILENT_S": 5.0, "TICK_S": 0.1}, doors={"code": waits}, work={"code": busy + "link.idle()"}
    )
    served.noted("doors.0 lived")
    served.noted("work.0 lived")
    assert not any(line["event"].startswith("role killed") for line in served.logged())
    assert len(served.notes("doors.0 start")) == 1
    assert served.stop() == 0


def test_a_role_that_is_halted_for_a_moment_is_not_killed(serve: Serve) -> None:
    served = serve(
        {"SILENT_S": 6.0, "TICK_S": 0.1}, work={"code": LIVING + "link.ready()\nlink.wait(60)"}
    )
    served.ready()
    os.kill(served.pid("work.0"), signal.SIGSTOP)
    on_at = time.monotonic() + 1.5
    wait_for(lambda: time.monotonic() > on_at)
    os.kill(served.pid("work.0"), signal.SIGCONT)
    later = time.monotonic() + 6.0
    wait_for(lambda: time.monotonic() > later)
    assert len(served.notes("work.0 start")) == 1
    assert served.stop() == 0


def test_a_supervisor_that_was_halted_forgives_the_silence(serve: Serve) -> None:
    """Reports that came meanwhile are heard first; what is missing is reckoned from then on."""
    both = LIVING + "link.ready()\nlink.wait(60)"
    served = serve({"SILENT_S": 5.0, "PAUSE_S": 2.0, "TICK_S": 0.1}, work={"code": both})
    served.ready()
    work = served.pid("work.0")
    served.process.send_signal(signal.SIGSTOP)
    os.kill(work, signal.SIGSTOP)
    on_at = time.monotonic() + 7.0
    wait_for(lambda: time.monotonic() > on_at)
    served.process.send_signal(signal.SIGCONT)
    os.kill(work, signal.SIGCONT)
    later = time.monotonic() + 5.5
    wait_for(lambda: time.monotonic() > later)
    assert len(served.notes("work.0 start")) == 1
    assert not any(line["event"].startswith("role killed") for line in served.logged())
    assert served.stop() == 0
