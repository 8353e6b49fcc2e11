import os
import signal
import threading
import time

import pytest

from gateway.processes.link import Link
from gateway.processes.wiring import Wiring
from tests.daemon.served import Serve, wait_for

CALLER = """
signal.signal(signal.SIGUSR1, lambda *_: link.wake("sleeper"))
link.ready()
while not link.stopping:
    link.wait(60)
"""
ASYNC_SLEEPER = """
async def sleep():
    link.ready()
    stop = asyncio.create_task(link.await_stop())
    while not link.stopping:
        if await link.await_wake(60):
            note("woken")
    await stop
    note("stop")
asyncio.run(sleep())
"""


@pytest.mark.parametrize("sleeper", [{}, {"code": ASYNC_SLEEPER}], ids=["sync", "asyncio"])
def test_a_wake_up_arrives_across_a_restart_of_its_receiver(serve: Serve, sleeper: dict) -> None:
    served = serve(caller={"code": CALLER}, sleeper=sleeper)
    served.ready()
    caller = served.pid("caller.0")
    os.kill(caller, signal.SIGUSR1)
    served.noted("sleeper.0 woken")
    os.kill(served.pid("sleeper.0"), signal.SIGSTOP)  # it cannot take the next one any more
    os.kill(caller, signal.SIGUSR1)
    os.kill(served.pid("sleeper.0"), signal.SIGKILL)
    served.pid("sleeper.0", times=2)
    served.noted("sleeper.0 woken", times=2)
    os.kill(caller, signal.SIGUSR1)
    served.noted("sleeper.0 woken", times=3)
    assert served.stop() == 0
    assert served.notes("sleeper.0 stop")


def test_waking_a_halted_role_never_blocks(serve: Serve) -> None:
    caller = """
    link.ready()
    link.wait(60)
    for _ in range(10_000):
        link.wake("sleeper")
        link.wake("nobody")
    note("done")
    """
    served = serve(sleeper={}, caller={"code": caller})
    served.ready()
    os.kill(served.pid("sleeper.0"), signal.SIGSTOP)
    os.kill(served.pid("caller.0"), signal.SIGTERM)
    served.noted("caller.0 done")
    assert served.stop() == 0


def test_reports_to_a_halted_supervisor_never_block_and_the_last_one_arrives(serve: Serve) -> None:
    work = """
    signal.signal(signal.SIGUSR2, lambda *_: note("alive"))
    link.ready()
    link.wait(60)
    link.stopping = False
    for _ in range(5_000):
        link.busy(range(64), time.monotonic() - 7)
    link._unsent = b""
    try:
        while True:
            os.write(link._report_fd, b" ")  # not a byte is left for the next report
    except BlockingIOError:
        pass
    link.idle()
    note("done")
    while not link.stopping:
        link.wait(60)
    """
    served = serve({"PAUSE_S": 0.3, "TICK_S": 0.05}, work={"code": work})
    served.ready()
    served.process.send_signal(signal.SIGSTOP)
    os.kill(served.pid("work.0"), signal.SIGTERM)
    served.noted("work.0 done")
    served.process.send_signal(signal.SIGCONT)
    late_at = time.monotonic() + 4.5  # past the 3 s that the lost report would have left it
    wait_for(lambda: time.monotonic() > late_at)
    os.kill(served.pid("work.0"), signal.SIGUSR2)
    served.noted("work.0 alive")
    assert len(served.notes("work.0 start")) == 1
    assert served.stop() == 0


def test_a_link_without_a_supervisor_only_polls() -> None:
    link = Link()
    link.ready(smtp="127.0.0.1:25")
    link.busy([1], time.monotonic())
    link.wake("work")
    assert link.listen_address("smtp", "127.0.0.1:0") == "127.0.0.1:0"
    assert not link.wait(0.01)
    threading.Timer(0.05, link.stop).start()
    assert not link.wait(60)
    assert link.stopping


async def test_a_link_without_a_supervisor_only_polls_in_asyncio() -> None:
    link = Link()
    assert not await link.await_wake(0.01)
    threading.Timer(0.05, link.stop).start()
    await link.await_stop()
    assert not await link.await_wake(60)


async def test_a_stop_that_came_before_the_loop_is_seen() -> None:
    link = Link()
    link.stop()
    assert not link.wait(60)
    await link.await_stop()


def test_a_role_inherits_what_its_wiring_names() -> None:
    wiring = Wiring(
        5, 6, (("work", 7), ("work", 8)), (9,), (("smtp", "[::1]:25"),), (("lmtp", 10),)
    )
    assert wiring.descriptors() == (5, 6, 7, 8, 10, 9)


def test_a_role_told_to_stop_by_hand_is_started_again(serve: Serve) -> None:
    served = serve(work={})
    served.ready()
    os.kill(served.pid("work.0"), signal.SIGTERM)
    served.pid("work.0", times=2)
    assert wait_for(lambda: [line for line in served.logged() if line["event"] == "role ended"])
    assert served.stop() == 0
