"""What a signed sample needs of the demo's name server, and what to do when it is not there.

A question and a sentence; nothing is started here.
"""

import asyncio
from collections.abc import Iterable

from gateway.config.load import Config
from gateway.demo.signing import WAYS
from gateway.demo.words import DOMAIN, PEOPLE, SELECTOR
from gateway.proofs.dns import DnsTempError, Lookup

LIMIT_S = 1.0  # the server is on this machine
_KEY = f"{SELECTOR}._domainkey.{DOMAIN}"


def advice(kinds: Iterable[str], config: Config) -> str:
    """Return what is missing for these samples to be proven, "" when nothing is."""
    if not any(WAYS[kind].asks_dns for kind in kinds if kind in WAYS):
        return ""
    if asyncio.run(_known(config)):
        return ""
    server = config.file.parent / PEOPLE / "names" / "nsd.conf"
    return (
        f"no name server knows {_KEY}, so DKIM cannot be proven yet: the alarm is held, and asked\n"
        f"about again for an hour. To start the demo's: /usr/sbin/nsd -c {server}\n"
        "(Debian: sudo apt-get install nsd)"
    )


async def _known(config: Config) -> bool:
    try:
        async with asyncio.timeout(LIMIT_S):
            return bool(await Lookup(config.dns.servers, config.dns.port).txt(_KEY))
    except (TimeoutError, DnsTempError):
        return False
