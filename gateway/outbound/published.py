"""Whether what DNS publishes for our selectors fits the keys that we sign with.

Rule: the record is judged as we judge others' (`gateway.proofs.keyrecord`); "nobody answered" is
never "not published". What makes the signature worthless under a key in use is an error, under the
other key of a rotation a warning. Nothing is changed, and no private key leaves this process.
"""

import asyncio
import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

import dkim.crypto

from gateway.config.faults import Finding, Severity
from gateway.config.root import Config
from gateway.outbound.signing import (
    SigningKey,
    keys_in_use,
    keys_to_publish,
    signing_domain,
    zone_line,
)
from gateway.proofs.dns import Asks, DnsTempError
from gateway.proofs.keyrecord import KeyRules, usable_key
from gateway.proofs.provers import lookup_of
from gateway.proofs.signature import Unsound
from gateway.proofs.tags import NotTags, read_tags, without_blanks


class Standing(StrEnum):
    """How a published record fits our key."""

    FITS = "fits"
    MISSING = "not published"
    OTHER = "another key is published"
    REVOKED = "revoked, its p= is empty"
    UNUSABLE = "published, but nobody can use it"
    SILENT = "not answered"


@dataclass(frozen=True, slots=True)
class Published:
    """One of our keys and what DNS says of it; `detail` is for people, and may be empty."""

    key: SigningKey
    name: str
    standing: Standing
    detail: str = ""

    @property
    def sentence(self) -> str:
        """Return it for people, without the name."""
        return f"{self.standing}: {self.detail}" if self.detail else str(self.standing)


def look_up(config: Config) -> tuple[Published, ...]:
    """Ask DNS, as `[dns]` says, for every key of `[keys]`; all at once, five seconds at most."""
    keys, domain = keys_to_publish(config), signing_domain(config)

    async def ask() -> list[Published]:
        lookup = lookup_of(config)
        return await asyncio.gather(*(published(key, domain, lookup) for key in keys))

    return tuple(asyncio.run(ask())) if keys else ()


async def published(key: SigningKey, domain: str, lookup: Asks) -> Published:
    """Return what DNS says of one key; never raises."""
    name = f"{key.selector}._domainkey.{domain}"
    try:
        records = await lookup.txt(name)
    except DnsTempError as error:
        return Published(key, name, Standing.SILENT, error.detail)
    if not records:
        return Published(key, name, Standing.MISSING)
    if len(records) > 1:
        return Published(key, name, Standing.UNUSABLE, f"there are {len(records)} records of it")
    try:
        public = without_blanks(read_tags(records[0])["p"])
    except NotTags as error:
        return Published(key, name, Standing.UNUSABLE, str(error))
    except KeyError:
        return Published(key, name, Standing.UNUSABLE, "the record holds no key")
    if not public:
        return Published(key, name, Standing.REVOKED)
    if not _same(public, key):
        return Published(key, name, Standing.OTHER)
    try:
        usable_key(records, domain, key.kind, KeyRules(), domain)
    except Unsound as error:
        return Published(key, name, Standing.UNUSABLE, error.why)
    return Published(key, name, Standing.FITS)


def check_published(config: Config) -> tuple[Finding, ...]:
    """Return what is wrong with the published records, and what to publish instead."""
    return tuple(_findings(config, look_up(config)))


_ADVICE: Mapping[Standing, str] = {
    Standing.MISSING: "publish",
    Standing.OTHER: "what we sign will not be believed; publish",
    Standing.REVOKED: "make a new key with a new selector (ticketgate keys dkim), or publish",
    Standing.UNUSABLE: "publish nothing but",
    Standing.SILENT: "it has to be published as",
}


def _findings(config: Config, found: tuple[Published, ...]) -> Iterator[Finding]:
    keys = config.keys
    places = {
        keys.dkim_selector: "dkim_selector",
        keys.dkim_ed25519_selector: "dkim_ed25519_selector",
        keys.dkim_other_selector: "dkim_other_selector",
    }
    in_use = {key.selector for key in keys_in_use(config)}
    for one in found:
        if one.standing is Standing.FITS:
            continue
        wrong = one.key.selector in in_use and one.standing is not Standing.SILENT
        record = zone_line(one.name, one.key.record)
        told = f"{one.name}: {one.sentence}; {_ADVICE[one.standing]}: {record}"
        severity = Severity.ERROR if wrong else Severity.WARNING
        yield Finding(("keys", places[one.key.selector]), told, severity)


def _same(public: str, key: SigningKey) -> bool:
    """Whether p= is this key; an RSA key may be written in two ways (RFC 6376 section 3.6.1)."""
    if public == key.public:
        return True
    return key.kind == "rsa" and _numbers(public) == _numbers(key.public) is not None


def _numbers(public: str) -> tuple[int, int] | None:
    try:
        found = dkim.crypto.parse_public_key(base64.b64decode(public, validate=True))
        return int(found["modulus"]), int(found["publicExponent"])
    except Exception:  # what is no RSA key fails in many ways, and is another key
        return None
