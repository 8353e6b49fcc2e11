"""Row 9: from the 250 at our door until a site's Alertmanager has paged, through a real Postfix.

The alarms are proven by DKIM, with the key on a real nsd. Beside each of them a mail of its size is
given to Postfix itself, for a pipe to a shell: what no hook can be faster than.
"""

import asyncio
import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from email.utils import format_datetime

from bench.desk import Desk, Lost, desk
from bench.figures import Figure
from bench.letters import ALARM, Letter, letters
from bench.plan import Plan
from bench.sending import Address, Sending, Sent
from bench.site import BARE, Site, share, site

from gateway.config.signingkeys import new_ed25519, read_ed25519
from gateway.outbound.alarm import AlarmSigner
from tests.ports import free_port
from tests.proofs import keys
from tests.proofs.conftest import key_zone
from tests.proofs.nameserver import NameServer

ALARMER = "anna@cern.example"
ALARMS_A_SECOND = 10  # of the plan: 200 alarms as it stands
LOAD_RATE = 20.0  # ordinary mails a second, three of ours go out for each
WAIT_S = 120.0
REACH_MS = {"idle": 2000, f"beside {LOAD_RATE:.0f} ordinary mails/s": 5000}
_NUMBERS = itertools.count(int(time.time()) % 10_000_000 * 1000)
_HEAD = """\
From: Anna Alarmer <{sender}>\r
To: {to}\r
Date: {date}\r
Subject: SRM down {number:011d}\r
Message-ID: <{number}.alarm@cern.example>\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=us-ascii\r
\r
Alarm: helpdesk.example\r
Site: FZK-LCG2\r
VO: atlas\r
\r
"""
_LINE = "The front end of the disk pools refuses every connection since 22:10.\r\n"


def run(plan: Plan) -> list[Figure]:
    """Measure idle, and beside ordinary mail at a steady pace."""
    door = ("127.0.0.1", free_port())
    with ExitStack() as running:
        zones = {"cern.example": key_zone('_dmarc IN TXT "v=DMARC1; p=reject"')}
        names = NameServer({"vo.example": key_zone()} | zones, free_port())  # it is asked for this
        running.callback(names.stop)
        there = running.enter_context(site(plan.place / "site", door))
        pem = new_ed25519()
        signer = AlarmSigner(read_ed25519(pem))
        there.write(signer.kid, signer.public)
        place = plan.place / "paging"
        place.mkdir()
        key = place / "alarm.pem"
        key.touch(0o600)
        key.write_bytes(pem)
        changes = {
            'listen = "127.0.0.1:0"': f'listen = "{door[0]}:{door[1]}"',
            'url = "maildir:outgoing"': f'url = "smtp://127.0.0.1:{there.postfix.port}"',
            "[relay]": f'[dns]\nservers = ["127.0.0.1"]\nport = {names.port}\n\n'
            '[keys]\nalarm_key = { file = "alarm.pem" }\n\n[relay]',
        }
        ours = running.enter_context(desk(place, changes))
        _measure(ours, there, 3, plan.alarm_rate, load=False)  # the first ones find everything cold
        count = ALARMS_A_SECOND * plan.seconds
        return [
            figure
            for when, load in zip(REACH_MS, (False, True), strict=True)
            for figure in _figures(when, *_measure(ours, there, count, plan.alarm_rate, load=load))
        ]


def _measure(
    ours: Desk, there: Site, count: int, rate: float, *, load: bool
) -> tuple[list[float], list[float], list[float]]:
    """Return the seconds until the relay had each alarm, until it was paged; the bare way's."""
    alarms = list(_alarms(count))
    bare = [_bare(alarm) for alarm in _alarms(count)]
    beside = letters(int(count / rate * LOAD_RATE)) if load else ()
    sent, direct = asyncio.run(_send(ours.smtp, there, alarms, bare, list(beside), rate=rate))
    until = time.monotonic() + WAIT_S
    while (
        (missing := sent.answers.keys() - there.paged().keys())
        or direct.answers.keys() - there.arrived().keys()
        or sent.answers.keys() - _relayed(ours).keys()  # noted by the courier a moment later
    ):
        if time.monotonic() > until:
            raise Lost(f"{len(missing)} of {count} alarms were not paged: {there.postfix.log()}")
        time.sleep(0.1)  # between two looks
    at, relayed, arrived = there.paged(), _relayed(ours), there.arrived()
    return (
        [relayed[number] - answer.at for number, answer in sent.answers.items()],
        [at[number] - answer.at for number, answer in sent.answers.items()],
        [
            arrived[number] - (answer.at - answer.delay_s)
            for number, answer in direct.answers.items()
        ],
    )


async def _send(
    door: Address,
    there: Site,
    alarms: list[Letter],
    bare: list[Letter],
    beside: list[Letter],
    *,
    rate: float,
) -> tuple[Sent, Sent]:
    postfix = ("127.0.0.1", there.postfix.port)

    async def half_a_pace_later() -> Sent:
        await asyncio.sleep(0.5 / rate)
        return await Sending(postfix, pipelined=False).paced(bare, rate)

    load = [Sending(door).paced(beside, LOAD_RATE)] if beside else []
    sent, direct, *_ = await asyncio.gather(
        Sending(door).paced(alarms, rate), half_a_pace_later(), *load
    )
    return sent, direct


def _figures(
    when: str, relayed: list[float], paged: list[float], bare: list[float]
) -> Iterator[Figure]:
    most = REACH_MS[when]
    what = f"{len(paged)} alarms, {when}"
    note = f"until the relay has it {share(relayed, 0.5):.0f}; {share(relayed, 0.99):.0f}"
    got = f"{share(paged, 0.5):.0f} ms; {share(paged, 0.99):.0f} ms"
    held = share(paged, 0.99) <= most
    yield Figure("9", f"{what}: median; p99", got, f"p99 <= {most} ms", held, note)
    got = f"{share(bare, 0.5):.0f} ms; {share(bare, 0.99):.0f} ms"
    yield Figure("9", f"bare Postfix to a pipe, {when}: median; p99", got)


def _alarms(count: int) -> Iterator[Letter]:
    """Give alarms of 4 kB, each signed by its domain."""
    for number in itertools.islice(_NUMBERS, count):
        date = format_datetime(datetime.now(UTC))
        head = _HEAD.format(sender=ALARMER, to=ALARM, date=date, number=number)
        raw = (head + _LINE * 48).encode()
        fields = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type")
        signed = keys.signed(raw, d="cern.example", h=fields)
        yield Letter(number, ALARMER, ALARM, (signed + b".\r\n",))


def _bare(alarm: Letter) -> Letter:
    """Return the same mail for the bare pipe."""
    return Letter(alarm.number, alarm.sender, f"{alarm.number}@{BARE}", alarm.pieces)


def _relayed(ours: Desk) -> dict[int, float]:
    """Return when the relay took each alarm mail, by the alarm's number."""
    rows = ours.books.desk(
        "SELECT t.subject, min(o.sent_at) AS at FROM outbox o JOIN ticket t ON t.number = o.ticket"
        " WHERE o.kind = 'alarm' AND o.state = 'sent' GROUP BY t.number"
    )
    return {
        int(row["subject"][-11:]): datetime.fromisoformat(row["at"]).timestamp() for row in rows
    }
