"""Rows 6 and 8: how long a reply takes under a steady load, and how soon an alarm is on its way."""

import asyncio
import socket
import threading
import time
from datetime import datetime

from bench.desk import Desk, Lost, desk
from bench.figures import Figure, bound_figure
from bench.letters import ALARM, Letter, letters
from bench.plan import Plan
from bench.sending import Address, Sending, Sent

RATE = 20.0  # mails a second, whatever becomes of them
ALARM_RATE = 2.0
BIG_BYTES = 25_000_000
BIG_PAUSE_S = 1.0
INGEST_CONNECTIONS = 8
ALARMER = "anna@cern.example"


def run_replies(plan: Plan) -> list[Figure]:
    """Row 6: from the moment a mail falls due to its 250, quiet and beside mails of 25 MB."""
    quiet, beside = [], []
    big = 0
    with desk(plan.place / "replies") as ours:
        for _ in range(plan.rounds):
            quiet.append(_steady(plan, ours, None)[0].delay_ms(0.99))
            flood = BigMails(ours.smtp)
            sent, big = _steady(plan, ours, flood)
            beside.append(sent.delay_ms(0.99))
    what = f"p99 of the reply at {RATE:.0f} mails/s"
    return [
        bound_figure("6", f"{what}, quiet", quiet, 50, "ms"),
        bound_figure("6", f"{what}, {big} mails of 25 MB in {plan.seconds} s", beside, 400, "ms"),
    ]


def run_alarms(plan: Plan) -> list[Figure]:
    """Row 8: from the 250 of a mail to alarm@ until the relay has its first notice.

    In this version that is the notice of a held request to first line: an alarm is never proven.
    """
    with desk(plan.place / "alarms") as ours:
        delays = [_alarms(plan, ours) for _ in range(plan.rounds)]
    return [
        bound_figure("8", "alarm: p99 from 250 to the relay, under full ingest", delays, 1000, "ms")
    ]


class BigMails(threading.Thread):
    """Sends mails of 25 MB over one connection, a second apart, on a plain blocking socket."""

    def __init__(self, server: Address) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.sent: list[Letter] = []
        self.enough = threading.Event()

    def run(self) -> None:
        """Send until there is enough."""
        with socket.create_connection(self.server) as peer, peer.makefile("rb") as replies:
            self._expect(replies, 1)
            peer.sendall(b"EHLO big.example\r\n")
            self._expect(replies, 1)
            for letter in letters(None, BIG_BYTES):
                envelope = f"MAIL FROM:<{letter.sender}>\r\nRCPT TO:<{letter.to}>\r\nDATA\r\n"
                peer.sendall(envelope.encode())
                self._expect(replies, 3)
                for piece in letter.pieces:
                    peer.sendall(piece)
                self._expect(replies, 1)
                self.sent.append(letter)
                if self.enough.wait(BIG_PAUSE_S):
                    return

    @staticmethod
    def _expect(replies, count: int) -> None:  # type: ignore[no-untyped-def] # noqa: ANN001 - a file of bytes
        while count:
            line = replies.readline()
            if line[:1] not in {b"2", b"3"}:
                raise Lost(f"a big mail: {line!r}")
            count -= line[3:4] != b"-"


def _steady(plan: Plan, ours: Desk, big: BigMails | None) -> tuple[Sent, int]:
    post = list(letters(int(RATE * plan.seconds)))
    ours.begin_round()
    if big is not None:
        big.start()
    sent = asyncio.run(_pace(ours.smtp, post, RATE))
    if big is not None:
        big.enough.set()
        big.join()
        post += big.sent
    ours.wait_quiet(len(post))
    ours.check(post)
    return sent, len(big.sent) if big else 0


async def _pace(server: Address, post: list[Letter], rate: float) -> Sent:
    return await Sending(server).paced(post, rate)


def _alarms(plan: Plan, ours: Desk) -> float:
    alarms = list(letters(int(ALARM_RATE * plan.seconds), to=ALARM, sender=ALARMER))
    sent = asyncio.run(_beside(ours.smtp, alarms))
    until = time.monotonic() + 60
    while len(at := _notices(ours)) < len(alarms) or not sent.answers.keys() <= at.keys():
        if time.monotonic() > until:
            raise Lost(f"{len(alarms)} alarms, but first notices of {len(at)} only")
        time.sleep(0.1)  # between two looks
    delays = sorted(at[n] - answer.at for n, answer in sent.answers.items())
    return 1000 * delays[min(int(0.99 * len(delays)), len(delays) - 1)]


async def _beside(server: Address, alarms: list[Letter]) -> Sent:
    """Send alarms at their pace while other mail comes as fast as it is taken."""
    ingest = Sending(server)
    flood = asyncio.create_task(ingest.flood(letters(None), INGEST_CONNECTIONS))
    sent = await _pace(server, alarms, ALARM_RATE)
    ingest.enough()
    await flood
    return sent


def _notices(ours: Desk) -> dict[int, float]:
    """Return when the first notice of each alarm was with the relay, by the alarm's number."""
    rows = ours.books.desk(
        "SELECT t.subject, min(o.sent_at) AS at FROM outbox o JOIN ticket t ON t.number = o.ticket"
        " WHERE o.lane = 0 AND o.state = 'sent' GROUP BY t.number"
    )
    return {
        int(row["subject"][-11:]): datetime.fromisoformat(row["at"]).timestamp() for row in rows
    }
