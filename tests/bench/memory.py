"""Row 7: what connections and big mails cost the process of the doors, in memory."""

import socket
from contextlib import ExitStack

from bench.delay import BigMails
from bench.desk import Desk, desk
from bench.figures import Figure, bound_figure
from bench.plan import Plan

CONNECTIONS = 400
AT_ONCE = 4


def run(plan: Plan) -> list[Figure]:
    """Measure idle connections, one mail of 25 MB, and four at once."""
    idle, one, four = [], [], []
    with desk(plan.place / "memory") as ours:
        ours.send(
            b"From: a@b.example\r\nMessage-ID: <warm@b.example>\r\n\r\nwarm\r\n",
            ["support@helpdesk.example"],
        )
        for _ in range(plan.rounds):
            idle.append(_idle_kb(ours))
            one.append(_peak_mb(ours, 1))
            four.append(_peak_mb(ours, AT_ONCE))
    return [
        bound_figure("7", f"an idle connection ({CONNECTIONS} at once)", idle, 20, "kB"),
        bound_figure("7", "a mail of 25 MB: peak above rest", one, 150, "MB"),
        bound_figure("7", f"{AT_ONCE} of 25 MB at once: peak above rest", four, 600, "MB"),
    ]


def _idle_kb(ours: Desk) -> float:
    before = ours.memory_kb("VmRSS")
    with ExitStack() as guests:
        for _ in range(CONNECTIONS):
            peer = guests.enter_context(socket.create_connection(ours.smtp))
            peer.recv(200)
            peer.sendall(b"EHLO idle.example\r\n")
            peer.recv(400)
        return (ours.memory_kb("VmRSS") - before) / CONNECTIONS


def _peak_mb(ours: Desk, count: int) -> float:
    ours.begin_round()
    ours.forget_peak()
    before = ours.memory_kb("VmRSS")
    senders = [BigMails(ours.smtp) for _ in range(count)]
    for one in senders:
        one.enough.set()  # one mail each
        one.start()
    for one in senders:
        one.join()
    peak = (ours.memory_kb("VmHWM") - before) / 1024
    post = [letter for one in senders for letter in one.sent]
    ours.wait_quiet(len(post))
    ours.check(post)
    return peak
