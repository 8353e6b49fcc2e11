"""Every key of the hook's configuration: what it may be, and what it is when it is left out.

`read_config` goes through the file once and collects all faults. Checks that need the machine, and
what a sink says of its own settings, are `checking`'s: one bad sink must not silence the others.
Standard library only.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from gateway.hook.config import (
    DEFAULT_DIRECTORY,
    Config,
    ConfigFaults,
    Helpdesk,
    Limits,
    MailWay,
    PollWay,
    SinkBlock,
    read_document,
)
from gateway.hook.section import Section
from gateway.hook.sinks.table import SINKS
from gateway.hook.verify import key_name, read_key

MAX_KEYS = 4  # of one helpdesk; two are in force while they are changed
TLS_WORDS = ("starttls", "tls", "off")
_ADDRESS = re.compile(r"[A-Za-z0-9._+=-]+@[A-Za-z0-9.-]+")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_DEFAULT_PORTS: Mapping[str, int] = {"starttls": 587, "tls": 465, "off": 25}


def read_config(file: Path) -> Config:
    """Return the configuration; raises ConfigFaults with all that is wrong."""
    faults: list[str] = []
    top = Section("", read_document(file), faults)
    sites = tuple(top.texts("sites"))
    config = Config(
        sites=sites,
        directory=top.path("directory", DEFAULT_DIRECTORY),
        admin=_address(top, "admin", "root@localhost"),
        openssl=top.path("openssl", Path("/usr/bin/openssl")),
        helpdesks=_helpdesks(top),
        sinks=_sinks(top),
        mail=_mail(top.section("mail", obligatory=True)),
        poll=_poll(top.section("poll")) if top.has("poll") else None,
        limits=_limits(top.section("limits")),
    )
    top.end()
    if faults:
        raise ConfigFaults(faults)
    return config


def _helpdesks(top: Section) -> Mapping[str, Helpdesk]:
    found: dict[str, Helpdesk] = {}
    named = top.section("helpdesk", obligatory=True)
    for domain in named.names():
        block = named.section(domain)
        keys: dict[str, bytes] = {}
        pinned = block.section("keys", obligatory=True)
        for kid in pinned.names():
            try:
                keys[kid] = read_key(pinned.text(kid))
            except ValueError as error:
                pinned.wrong(kid, str(error))
                continue
            if kid != key_name(keys[kid]):  # signatures name it so: it would never be found
                pinned.wrong(kid, f"the name of this key is {key_name(keys[kid])}")
        if not 1 <= len(keys) <= MAX_KEYS:
            block.wrong("keys", f"must hold 1 to {MAX_KEYS} keys")
        hours = block.number("silent_hours", 26, 0, 1_000)
        found[domain.lower()] = Helpdesk(domain.lower(), keys, hours)
        block.end()
    if not found:
        top.wrong("helpdesk", 'needs at least one block [helpdesk."DOMAIN"]')
    return found


def _sinks(top: Section) -> tuple[SinkBlock, ...]:
    blocks: list[SinkBlock] = []
    for block in top.sections("sink"):
        kind_word = block.text("kind")
        kind = SINKS.get(kind_word)
        if kind is None:
            block.wrong("kind", f"must be one of {', '.join(sorted(SINKS))}")
            continue
        fallback = block.flag("fallback", default=False)
        one = SinkBlock(
            name=block.text("name", kind_word),
            kind=kind_word,
            receipt=block.flag("receipt", default=not fallback),
            fallback=fallback,
            resync=block.flag("resync", default=kind.forgets),
            settings=block.rest(frozenset(kind.keys)),
        )
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", one.name):
            block.wrong("name", "must be letters, digits, - and _")
        if one.name in {other.name for other in blocks}:
            block.wrong("name", f"{one.name!r} stands twice")
        if fallback and one.receipt:
            block.wrong("receipt", "a fallback does not count for the receipt")
        blocks.append(one)
        block.end()
    if not any(not one.fallback for one in blocks):
        top.wrong("sink", "needs at least one block [[sink]] that is no fallback")
    return tuple(blocks)


def _mail(block: Section) -> MailWay:
    host = block.text("host", "")
    tls = block.text("tls", "starttls")
    if tls not in TLS_WORDS:
        block.wrong("tls", f"must be one of {', '.join(TLS_WORDS)}")
    if tls == "off" and host and host not in _LOOPBACK:
        block.wrong("tls", "may be off for this machine only")
    way = MailWay(
        sender=_address(block, "from", None),
        sendmail=block.path("sendmail", Path("/usr/sbin/sendmail")),
        host=host,
        port=block.number("port", _DEFAULT_PORTS.get(tls, 25), 1, 65_535),
        tls=tls,
        user=block.text("user", ""),
        password_file=block.maybe_path("password_file"),
        ca_file=block.maybe_path("ca_file"),
        timeout_s=block.number("timeout_s", 30, 1, 300),
    )
    if way.user and way.password_file is None:
        block.wrong("password_file", "is missing for the user")
    block.end()
    return way


def _poll(block: Section) -> PollWay:
    way = PollWay(
        maildir=block.maybe_path("maildir"),
        host=block.text("host", ""),
        port=block.number("port", 993, 1, 65_535),
        user=block.text("user", ""),
        password_file=block.maybe_path("password_file"),
        folder=block.text("folder", "INBOX"),
        move_to=block.text("move_to", ""),
        ca_file=block.maybe_path("ca_file"),
        timeout_s=block.number("timeout_s", 30, 1, 300),
    )
    if (way.maildir is None) == (not way.host):
        block.wrong("", "needs either maildir or host")
    if way.host and (not way.user or way.password_file is None):
        block.wrong("user", "and password_file are needed with host")
    block.end()
    return way


def _limits(block: Section) -> Limits:
    limits = Limits(
        deadline_s=block.number("deadline_s", 60, 5, 600),
        fallback_after_minutes=block.number("fallback_after_minutes", 5, 0, 1_440),
        poll_every_s=block.number("poll_every_s", 60, 1, 3_600),
        resync_every_s=block.number("resync_every_s", 60, 1, 3_600),
        quarantine_mails=block.number("quarantine_mails", 200, 1, 100_000),
        quarantine_days=block.number("quarantine_days", 30, 1, 1_000),
        keep_weeks=block.number("keep_weeks", 6, 1, 520),
    )
    block.end()
    return limits


def is_address(text: str) -> bool:
    """Whether a text is a plain address."""
    return _ADDRESS.fullmatch(text) is not None


def _address(block: Section, key: str, default: str | None) -> str:
    text = block.text(key, default)
    if text and not is_address(text):
        block.wrong(key, "must be a plain address, local@domain")
    return text
