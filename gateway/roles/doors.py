"""The `doors` role: accepts mail and keeps it, nothing else. It never hears or decides."""

import asyncio
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote

import structlog

from gateway.config.root import Config
from gateway.inbound.limits import Caps
from gateway.inbound.lmtp import LmtpSession
from gateway.inbound.smtp import SmtpDoor, SmtpSettings, open_smtp
from gateway.inbound.taking import Taking
from gateway.intake import Intake
from gateway.processes.naming import daemon_of
from gateway.processes.post import Post
from gateway.processes.sockets import bound
from gateway.saying import say_again_and_again
from parsers.errors import MailError, Refused
from store import refusals
from store.health import say_of_door

if TYPE_CHECKING:  # a large library, and only needed with an [[imap]] mailbox
    from gateway.inbound.imap.mailboxes import Mailboxes

GRACE_S = 10.0
SHOWN_CHARS = 2000  # a report to the supervisor is 4 kB at most
LMTP_CONNECTIONS = 200  # a mail server opens 20 to 100 (Postfix: default_process_limit)
DAY_S = 86_400
KEEP_REFUSALS = timedelta(days=30)
_log = structlog.get_logger("doors")


def run(post: Post) -> None:
    """Serve every configured door until told to stop."""
    asyncio.run(_serve(post))


async def _serve(post: Post) -> None:
    """Open every configured door; accept until told to stop; let what is being received finish."""
    link, desk = post.link, post.desk
    intake = Intake(desk.store, wake=lambda: link.wake("work"), now=desk.clock)
    wanted = {name: settings for name, settings in _settings(post.config).items() if settings}
    if not wanted and not post.config.imap:
        raise Refused("no door is configured: set [smtp] or [lmtp] listen, or an [[imap]] mailbox")
    doors: list[SmtpDoor] = []
    addresses: dict[str, str] = {}
    with ExitStack() as sockets:
        for name, (listen, group, settings) in wanted.items():
            at = bound(name, link.listen_address(name, listen), group, handed=link.handed.get(name))
            listening, addresses[name] = sockets.enter_context(at)
            policy = desk.policy
            door = open_smtp(
                settings, policy.addresses, policy.keys, intake, desk.clock, listening=listening
            )
            doors.append(await door)
        mailboxes = _open_mailboxes(post, intake) if post.config.imap else None
        if mailboxes is not None:
            addresses["imap"] = _shown(mailboxes.names)
        link.ready(**addresses)
        names = [name + daemon_of(post.name) for name in wanted]
        sockets.enter_context(say_again_and_again(post, say_of_door, names, intake.trouble))
        forgetting = asyncio.create_task(_forget_refusals(post))
        await link.await_stop()
        forgetting.cancel()
        closing = [door.close(GRACE_S) for door in doors]
        if mailboxes is not None:
            closing.append(mailboxes.close(GRACE_S))
        await asyncio.gather(*closing)
        await intake.close()


def _open_mailboxes(post: Post, intake: Intake) -> "Mailboxes":
    """Begin to read the mailboxes; like behind a mail server, no broken mail is refused."""
    from gateway.inbound.imap.mailboxes import open_mailboxes

    policy = post.desk.policy
    taking = Taking(policy.addresses, policy.keys, intake, post.desk.clock, "behind", ())
    return open_mailboxes(post.config.imap, taking, post.desk.store, post.name)


def _shown(names: tuple[str, ...]) -> str:
    """Return the mailboxes as one word for the ready line; too many of them as their number."""
    shown = ",".join(quote(name, safe="@/+") for name in names)
    return shown if len(shown) <= SHOWN_CHARS else f"{len(names)}-mailboxes"


def _settings(config: Config) -> dict[str, tuple[str, str, SmtpSettings] | None]:
    """Return where each door listens, the group of its socket, and how it is set up."""
    return {"smtp": _smtp(config), "lmtp": _lmtp(config)}


def _smtp(config: Config) -> tuple[str, str, SmtpSettings] | None:
    smtp = config.smtp
    if smtp.listen is None:
        return None
    settings = SmtpSettings(
        hostname=smtp.hostname or config.helpdesk.domain,
        role=smtp.role,
        submission_networks=smtp.submission_networks,
        tls_cert=smtp.tls_cert,
        tls_key=smtp.tls_key,
        max_size=smtp.max_size,
        caps=Caps(
            connections=smtp.connections,
            connections_an_address=smtp.connections_per_address,
        ),
    )
    return str(smtp.listen), "", settings


def _lmtp(config: Config) -> tuple[str, str, SmtpSettings] | None:
    """Return the settings of a door whose only peer is the mail server in front of us."""
    lmtp = config.lmtp
    if lmtp.listen is None:
        return None
    settings = SmtpSettings(
        session=LmtpSession,
        hostname=config.smtp.hostname or config.helpdesk.domain,
        role="behind",
        max_size=lmtp.max_size,
        caps=Caps(connections=LMTP_CONNECTIONS, connections_an_address=LMTP_CONNECTIONS),
    )
    return str(lmtp.listen), lmtp.socket_group, settings


async def _forget_refusals(post: Post) -> None:
    """Forget refusals after their time, once a day; only the doors write the journal."""
    while True:
        before = post.desk.clock() - KEEP_REFUSALS
        try:
            await asyncio.to_thread(refusals.forget_refusals, post.desk.store, before)
        except MailError as error:
            _log.warning("refusals not forgotten, again in a day", detail=error.detail)
        await asyncio.sleep(DAY_S)
