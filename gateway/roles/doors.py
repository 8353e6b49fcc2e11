"""The `doors` role: accepts mail and keeps it, nothing else. It never hears or decides."""

import asyncio
from datetime import timedelta

import structlog

from gateway.config.values import Listen
from gateway.inbound.limits import Caps
from gateway.inbound.smtp import SmtpSettings, open_smtp
from gateway.intake import Intake
from gateway.processes.post import Post
from parsers.errors import MailError, Refused
from store import journal

GRACE_S = 10.0
DAY_S = 86_400
KEEP_REFUSALS = timedelta(days=30)
_log = structlog.get_logger("doors")


def run(post: Post) -> None:
    """Serve every configured door until told to stop."""
    asyncio.run(_serve(post))


async def _serve(post: Post) -> None:
    """Open every configured door; accept until told to stop; let what is being received finish."""
    config, link, desk = post.config, post.link, post.desk
    intake = Intake(desk.store, wake=lambda: link.wake("work"), now=desk.clock)
    listen = config.smtp.listen
    if listen is None:
        raise Refused("no door is configured: set [smtp] listen")
    at = link.listen_address("smtp", str(listen)).rpartition(":")  # HOST, ":", PORT
    settings = SmtpSettings(
        host=at[0],
        port=int(at[2]),
        hostname=config.smtp.hostname or config.helpdesk.domain,
        role=config.smtp.role,
        submission_networks=config.smtp.submission_networks,
        tls_cert=config.smtp.tls_cert,
        tls_key=config.smtp.tls_key,
        max_size=config.smtp.max_size,
        caps=Caps(
            connections=config.smtp.connections,
            connections_an_address=config.smtp.connections_per_address,
        ),
    )
    door = await open_smtp(settings, desk.policy.addresses, desk.policy.keys, intake, desk.clock)
    host, port = door.address
    link.ready(smtp=str(Listen(host, port)))
    forgetting = asyncio.create_task(_forget_refusals(post))
    await link.await_stop()
    forgetting.cancel()
    await door.close(GRACE_S)
    await intake.close()


async def _forget_refusals(post: Post) -> None:
    """Forget refusals after their time, once a day; only the doors write the journal."""
    while True:
        before = post.desk.clock() - KEEP_REFUSALS
        try:
            await asyncio.to_thread(journal.forget_refusals, post.desk.store, before)
        except MailError as error:
            _log.warning("refusals not forgotten, again in a day", detail=error.detail)
        await asyncio.sleep(DAY_S)
