"""The end of a run: the daemon becomes quiet, is stopped in order, and leaves no process behind."""

import os
import time

from running import Helpdesk
from torture.books import Books, Watch
from torture.nemesis import processes_of


def settle(books: Books, watch: Watch, settle_s: float, faults: list[str]) -> float:
    """Wait until nothing is left to do; return how long that took."""
    begun = time.monotonic()
    while time.monotonic() - begun < settle_s:
        if not books.waiting():
            break
        time.sleep(0.1)  # between two looks
    else:
        faults.append(f"I12 not quiet after {settle_s:.0f} s: {books.waiting()}")
    watch.look()
    return time.monotonic() - begun


def stop(desk: Helpdesk, faults: list[str]) -> None:
    try:
        desk.stop()
    except Exception as error:  # whatever it is, the run is judged and nothing is left behind
        faults.append(f"the daemon did not stop in order: {error!r}"[:2000])
    left = processes_of(desk)
    if left:
        faults.append(f"I12 processes left behind: {left}")
        for pid in left:
            os.kill(pid, 9)


def own_address() -> str:
    """Return a loopback address of our own: a port that is free again may be taken by others."""
    pid = os.getpid()
    return f"127.{66 + pid % 100}.{pid // 100 % 250 + 1}.{pid % 250 + 1}"
