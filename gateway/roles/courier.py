"""The `courier` role: carries our own mail away, and keeps the clock."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

import structlog

from gateway.clock import start_clock
from gateway.config.pages import base_url
from gateway.config.root import Config
from gateway.desk import Desk
from gateway.directories.rounds import go_round
from gateway.outbound.alarm import alarm_signer_of
from gateway.outbound.courier import Courier, Settings
from gateway.outbound.handover import Relays
from gateway.outbound.letter import Sign, Writer
from gateway.outbound.relay import Login, open_relay
from gateway.outbound.signing import signer_of
from gateway.outbound.smime import sign_or_mark
from gateway.outbound.smime_check import alarm_sender, check_signing
from gateway.outbound.smime_check import signer_of as smime_signer_of
from gateway.processes.post import Post
from gateway.proofs.anchors_check import said_of_anchors
from gateway.prover import prover_of
from gateway.saying import say_again_and_again
from gateway.ticket_clock import TicketClock
from parsers.errors import MailError
from router.decision import Due
from router.links import link_day, sign_link
from router.registers import ANCHORS
from store import journal
from store.health import say_of_role
from store.leases import time_of
from store.outbox import OutboxRow
from templates.render import Speaker

_log = structlog.get_logger("courier")
LINK_DAYS = 90
WAKE_WAIT_S = 60.0
POLL_S = 2.0  # a command at the terminal wakes nobody


def run(post: Post) -> None:
    """Carry until told to stop."""
    asyncio.run(_carry(post))


async def _carry(post: Post) -> None:
    """Carry outgoing mail and keep the clock, until told to stop."""
    desk, config, link = post.desk, post.config, post.link
    stop, wake = asyncio.Event(), asyncio.Event()
    courier = Courier(
        desk.store,
        _writer(post),
        _relays(config),
        Settings(name=post.name, poll_s=POLL_S),
        desk.clock,
        on_failed=partial(_given_up, desk),
    )
    found = {ANCHORS: partial(said_of_anchors, config)} if config.proof.anchors else {}
    tickets = TicketClock(desk, post.name, database_at=partial(time_of, desk.store))
    clock = start_clock(desk, wake.set, prover_of(config), found, tickets.tick)
    carrying = asyncio.create_task(courier.run(stop, wake))
    carrying.add_done_callback(lambda _task: link.stop())  # never a clock without a courier
    link.ready()
    saying = say_again_and_again(post, say_of_role, [post.name], courier.trouble)
    with saying, go_round(post):
        while not link.stopping:
            if await link.await_wake(WAKE_WAIT_S):
                wake.set()
    clock.shutdown(wait=False)
    stop.set()
    await carrying
    with suppress(MailError):  # then it runs out
        tickets.release()


def _given_up(desk: Desk, row: OutboxRow, why: str) -> bool:
    """Let the desk decide what follows from a mail that cannot be delivered, and mark it."""
    desk.do(Due("given-up", row.ticket, row=row.id, detail=why))
    return True


def _writer(post: Post) -> Writer:
    desk, config = post.desk, post.config
    signer = signer_of(config)

    web = config.web
    base = base_url(str(web.listen or ""), web.access, web.url or "")

    def link_of(mail: int, index: int, date: datetime) -> str:
        until = link_day(date) + LINK_DAYS
        return base + sign_link(desk.policy.keys, mail, index, until)

    return Writer(
        Speaker(config.templates.dir),
        name=desk.policy.name,
        addresses=desk.policy.addresses,
        keys=desk.policy.keys,
        raw_of=lambda mail: journal.read_raw(desk.store, mail),
        link_of=link_of if base else None,
        sign=signer.signed if signer is not None else None,
        sign_alarm=_alarm_signer(config, desk.clock),
        sign_document=alarm_signer_of(config),
        alarm_sender=alarm_sender(config),
        url=f"{base}/" if base else "",
    )


def _alarm_signer(config: Config, now: Callable[[], datetime]) -> Sign | None:
    """Return what signs alarm mails by certificate; None when none is configured.

    What will keep sites from believing it is said once, at the start.
    """
    for finding in check_signing(config, now()):
        _log.error("alarm mails: the S/MIME signature", key=finding.key, fault=finding.message)
    try:
        signer = smime_signer_of(config)
    except MailError:  # said above; an unsigned alarm is better than none
        signer = None
    if signer is None:
        return None

    def sign(mail: bytes, at: datetime) -> bytes:
        del at  # the signature's own time is the time of signing
        signed, why = sign_or_mark(signer, mail, now(), config.alarm.on_sign_failure)
        if why:
            _log.error("alarm mail not signed by certificate", fault=why)
        return signed

    return sign


def _relays(config: Config) -> Relays:
    relay, hello = config.relay, config.smtp.hostname or config.helpdesk.domain
    password = relay.password.reveal().decode() if relay.password else ""
    login = Login(relay.user or "", password, relay.ca_file)
    second = open_relay(relay.second_url, login, hello) if relay.second_url else None
    return Relays(open_relay(relay.url, login, hello), second)
