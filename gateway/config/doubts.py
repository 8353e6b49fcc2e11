"""What a configuration without a fault may still get wrong on this machine: warnings only.

Rule: the daemon starts in spite of each. They read the validated sections, so they are found once
everything else is right. Nothing here opens a socket or the store.
"""

import grp
from collections.abc import Callable, Iterator

from gateway.config.faults import Finding, Severity
from gateway.config.root import Config
from gateway.demo.words import DNS_PORT, HELPDESK, PEOPLE

Doubt = Callable[[Config], Iterator[Finding]]
_HERE = ("127.", "::1", "localhost")


def doubts(config: Config) -> list[Finding]:
    """Return every warning about a valid configuration."""
    return [finding for doubt in DOUBTS for finding in doubt(config)]


def _come_back(config: Config) -> Iterator[Finding]:
    """Find lists in our own domain, if mail leaves: it would come back here and be refused."""
    domain = config.helpdesk.domain
    if config.relay.url.startswith("maildir:"):
        return
    lists = [
        *((("unit", i, "address"), unit.address) for i, unit in enumerate(config.unit)),
        *((("roc", i, "address"), roc.address) for i, roc in enumerate(config.roc)),
        *((("site", i, "contact"), site.contact) for i, site in enumerate(config.site)),
    ]
    for loc, addresses in lists:
        for address in addresses:
            if address.lower().endswith(f"@{domain}"):
                told = f"{address} lies in the helpdesk's own domain: its mail may come back to us"
                yield Finding(loc, told, Severity.WARNING)


def _open_lmtp(config: Config) -> Iterator[Finding]:
    listen = config.lmtp.listen
    if listen is not None and not listen.path and not listen.host.startswith(_HERE):
        told = "LMTP knows no password: let nobody but your mail server reach this port"
        yield Finding(("lmtp", "listen"), told, Severity.WARNING)


def _group(config: Config) -> Iterator[Finding]:
    name = config.lmtp.socket_group
    if name:
        try:
            grp.getgrnam(name)
        except KeyError:
            told = f"there is no group {name!r} on this machine"
            yield Finding(("lmtp", "socket_group"), told, Severity.WARNING)


def _demo(config: Config) -> Iterator[Finding]:
    """Find what only the demo may believe, in a federation of somebody's own."""
    if config.helpdesk.domain == HELPDESK:
        return
    if config.proof.anchors == config.file.parent / PEOPLE / "anchors":
        told = "this is the demo's authority: name those of your federation"
        yield Finding(("proof", "anchors"), told, Severity.WARNING)
    if config.dns.port == DNS_PORT and all(one.startswith(_HERE) for one in config.dns.servers):
        told = "this is the demo's name server: take servers and port away for the system's"
        yield Finding(("dns", "servers"), told, Severity.WARNING)


DOUBTS: tuple[Doubt, ...] = (_come_back, _open_lmtp, _group, _demo)
