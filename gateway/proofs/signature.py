"""One DKIM-Signature field, judged before anybody looks for its key (RFC 6376 section 3.5).

Rule: the library would accept more than we do: a signed length, SHA-1, a signature long expired,
names with NUL or quotes in them. What is refused here is never verified at all.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.proofs.tags import NotTags, read_tags, without_blanks, words
from parsers.evidence import ProofStatus

SKEW = timedelta(minutes=10)
ALGORITHMS = ("rsa-sha256", "ed25519-sha256")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*")
_FIELD = re.compile(r"[!-9<-~]{1,100}")  # ftext, and no semicolon
_SECONDS = re.compile(r"[0-9]{1,11}")
_FALSE_B = re.compile(r"[ \t\r\n]b[ \t\r\n]*=")
_CANONICAL = frozenset({"simple", "relaxed"})
_SHA256_BYTES = 32


class Unsound(Exception):  # noqa: N818 - a verdict, not an error of ours
    """The signature proves nothing. `status` and `why` go into the proof."""

    def __init__(self, status: ProofStatus, why: str, domain: str = "") -> None:
        super().__init__(why)
        self.status = status
        self.why = why
        self.domain = domain


@dataclass(frozen=True, slots=True)
class Signature:
    """A field that is worth verifying.

    `fields` are the signed fields as listed, in lower case, with repeats. `user_domain` is the
    domain of i=. `tags` are what the library is given: without bh=, so that it leaves the body,
    which we hash ourselves.
    """

    domain: str
    selector: str
    algorithm: str
    relaxed_body: bool
    body_hash: bytes
    fields: tuple[str, ...]
    signed_at: datetime | None
    user_domain: str
    tags: Mapping[bytes, bytes]

    @property
    def key_name(self) -> str:
        """Where its key is published."""
        return f"{self.selector}._domainkey.{self.domain}"


def read_signature(value: bytes, now: datetime) -> Signature:
    """Return the signature in an unfolded field value; raises Unsound."""
    try:
        tags = read_tags(value)
    except NotTags as error:
        raise Unsound(ProofStatus.PERMERROR, f"the signature cannot be read: {error}") from None
    domain = tags.get("d", "").lower()
    if not _is_name(domain):
        raise Unsound(ProofStatus.PERMERROR, "d= is not a domain")
    for status, is_wrong, why in _RULES:
        if is_wrong(tags):
            raise Unsound(status, why, domain)
    signed_at = _time(tags, "t", domain)
    _check_times(signed_at, _time(tags, "x", domain), now, domain)
    sent = {name: tags[name] for name in ("v", "a", "d", "s") if name in tags}
    canonical = _canonical(tags)
    return Signature(
        domain=domain,
        selector=tags["s"].lower(),
        algorithm=tags["a"],
        relaxed_body=canonical[1] == "relaxed",
        body_hash=base64.b64decode(without_blanks(tags["bh"])),
        fields=words(tags["h"]),
        signed_at=signed_at,
        user_domain=_user_domain(tags),
        tags={
            name.encode(): found.encode()
            for name, found in {
                **sent,
                "b": without_blanks(tags["b"]),
                "c": "/".join(canonical),
            }.items()
        },
    )


def _is_name(text: str) -> bool:
    return len(text) <= 253 and _NAME.fullmatch(text) is not None


def _canonical(tags: Mapping[str, str]) -> tuple[str, str]:
    header, _, body = tags.get("c", "simple/simple").partition("/")
    return header, body or "simple"


def _user_domain(tags: Mapping[str, str]) -> str:
    return tags.get("i", "@" + tags["d"]).rpartition("@")[2].lower()


def _is_foreign_user(tags: Mapping[str, str]) -> bool:
    user, domain = _user_domain(tags), tags["d"].lower()
    return "@" not in tags.get("i", "@") or (user != domain and not user.endswith("." + domain))


def _is_base64(text: str, size: int | None) -> bool:
    try:
        data = base64.b64decode(without_blanks(text), validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(data) == size if size is not None else bool(data)


def _time(tags: Mapping[str, str], name: str, domain: str) -> datetime | None:
    if name not in tags:
        return None
    if not _SECONDS.fullmatch(tags[name]):
        raise Unsound(ProofStatus.PERMERROR, f"{name}= is not a time", domain)
    try:
        return datetime.fromtimestamp(int(tags[name]), UTC)
    except (OverflowError, ValueError, OSError):
        raise Unsound(ProofStatus.PERMERROR, f"{name}= is not a time", domain) from None


def _check_times(
    signed_at: datetime | None, expires_at: datetime | None, now: datetime, domain: str
) -> None:
    if signed_at and expires_at and expires_at <= signed_at:
        raise Unsound(ProofStatus.PERMERROR, "it expires before it was made", domain)
    if signed_at and signed_at > now + SKEW:
        raise Unsound(ProofStatus.FAIL, "it was made in the future (t=)", domain)
    if expires_at and expires_at < now - SKEW:
        raise Unsound(ProofStatus.FAIL, "it has expired (x=)", domain)


_Rule = tuple[ProofStatus, Callable[[Mapping[str, str]], bool], str]
_FAIL, _BROKEN = ProofStatus.FAIL, ProofStatus.PERMERROR
_RULES: tuple[_Rule, ...] = (
    (_BROKEN, lambda tags: tags.get("v") != "1", "v= is not 1"),
    (_BROKEN, lambda tags: not _is_name(tags.get("s", "")), "s= is not a selector"),
    (_FAIL, lambda tags: tags.get("a") == "rsa-sha1", "rsa-sha1 is not believed"),
    (_BROKEN, lambda tags: tags.get("a") not in ALGORITHMS, "a= is not an algorithm that we know"),
    (_FAIL, lambda tags: "l" in tags, "only a part of the body is signed (l=)"),
    (_BROKEN, lambda tags: not set(_canonical(tags)) <= _CANONICAL, "c= is not known"),
    (_BROKEN, lambda tags: "dns/txt" not in words(tags.get("q", "dns/txt")), "q= is not known"),
    (_BROKEN, lambda tags: not _is_base64(tags.get("bh", ""), _SHA256_BYTES), "bh= is no hash"),
    (_BROKEN, lambda tags: not _is_base64(tags.get("b", ""), None), "b= is not base64"),
    (_BROKEN, lambda tags: not all(map(_FIELD.fullmatch, words(tags.get("h", "")))),
     "h= is not a list of fields"),
    (_FAIL, lambda tags: "from" not in words(tags["h"]), "From is not signed"),
    (_BROKEN, _is_foreign_user, "i= does not belong to d="),
    (_BROKEN, lambda tags: any(_FALSE_B.search(" " + v) for k, v in tags.items() if k != "b"),
     "a tag looks like another b="),
)  # fmt: skip
