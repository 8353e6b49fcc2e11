"""Tokens and keyed Message-IDs: what we give out with a mail, and believe when it comes back.

A token says who *received* our mail, not who writes. It is checked without the database:
base32 of (class, key id, ticket, recipient row, expiry day, 80-bit HMAC), lower case.
Keys are arguments; this file never finds one by itself.
"""

import base64
import binascii
import hmac
import re
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256

_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_BODY = struct.Struct(">cBIBIH")  # class, key id, ticket, row (40 bits, high byte first), day
_MAC_BYTES = 10
_TOKEN_CHARS = 37
_MESSAGE_ID = re.compile(r"^<t\.(\d{1,10})\.(\d{1,13})\.([0-9a-f]{20})@([^<>@\s]+)>$")
_ALARM_ID = re.compile(
    r"^<alarm\.(\d{1,10})\.(\d{1,10})\.([0-9a-f]{12})\.([0-9a-f]{20})@([^<>@\s]+)>$"
)
_ROOT_ID = re.compile(r"^<t\.(\d{1,10})\.([0-9a-f]{20})@([^<>@\s]+)>$")
VALID_DAYS = 400


class TokenClass(StrEnum):
    """What the holder may do: a person comments, a site answers an alarm, a bounce is filed."""

    PERSON = "r"
    SITE = "a"
    BOUNCE = "b"


@dataclass(frozen=True, slots=True)
class Keyring:
    """Secrets for tokens and Message-IDs: the first one signs, all of them verify.

    Each is at least 16 bytes. The key id in a token is the first byte of the secret's digest.
    """

    secrets: tuple[bytes, ...]

    def __repr__(self) -> str:
        """Never show a secret."""
        return f"Keyring({len(self.secrets)} secrets)"


@dataclass(frozen=True, slots=True)
class Token:
    """A verified token: for `row`, a participant row (or an outbox row for a bounce)."""

    token_class: TokenClass
    ticket: int
    row: int
    expires: datetime


def write_token(
    keys: Keyring, token_class: TokenClass, ticket: int, row: int, now: datetime
) -> str:
    """Return the token for one recipient of one ticket, 37 characters of [a-z2-7]."""
    secret = keys.secrets[0]
    day = (now - _EPOCH).days + VALID_DAYS
    body = _BODY.pack(
        token_class.encode(), sha256(secret).digest()[0], ticket, row >> 32, row & 0xFFFFFFFF, day
    )
    return base64.b32encode(body + _mac(secret, b"token", body)).decode().rstrip("=").lower()


def read_token(keys: Keyring, text: str, now: datetime) -> Token | None:
    """Return the token if one of our keys made it and it has not expired, else None."""
    if len(text) != _TOKEN_CHARS:
        return None
    try:
        data = base64.b32decode(text.upper() + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return None
    body, mac = data[: _BODY.size], data[_BODY.size :]
    if not any(hmac.compare_digest(mac, _mac(secret, b"token", body)) for secret in keys.secrets):
        return None
    name, _key_id, ticket, high, low, day = _BODY.unpack(body)
    expires = _EPOCH + timedelta(days=day)
    if now >= expires:
        return None
    return Token(TokenClass(name.decode()), ticket, high << 32 | low, expires)


def write_message_id(keys: Keyring, ticket: int, row: int, domain: str) -> str:
    """Return the Message-ID of one outgoing mail: the same row always has the same id."""
    mac = _mac(keys.secrets[0], b"message-id", b"%d.%d" % (ticket, row)).hex()
    return f"<t.{ticket}.{row}.{mac}@{domain}>"


def write_alarm_id(keys: Keyring, ticket: int, seq: int, recipient: str, domain: str) -> str:
    """Return the Message-ID of an alarm mail: by ticket, number of its document, and recipient."""
    whom = sha256(recipient.lower().encode("utf-8", "surrogatepass")).hexdigest()[:12]
    mac = _mac(keys.secrets[0], b"alarm-id", b"%d.%d.%s" % (ticket, seq, whom.encode())).hex()
    return f"<alarm.{ticket}.{seq}.{whom}.{mac}@{domain}>"


def write_root_id(keys: Keyring, ticket: int, domain: str) -> str:
    """Return the id under which mail clients gather all mails of a ticket."""
    return f"<t.{ticket}.{_mac(keys.secrets[0], b'root', b'%d' % ticket).hex()}@{domain}>"


def read_message_row(keys: Keyring, message_id: str) -> int:
    """Return the outbox row of a Message-ID that `write_message_id` made with our keys, else 0."""
    match = _MESSAGE_ID.match(message_id)
    known = match is not None and read_message_id(keys, message_id) is not None
    return int(match[2]) if match is not None and known else 0


def read_message_id(keys: Keyring, message_id: str) -> int | None:
    """Return the ticket of a Message-ID that one of our keys made, else None."""
    match = _MESSAGE_ID.match(message_id) or _ALARM_ID.match(message_id)
    if match and match.re is _ALARM_ID:
        purpose, body, mac = b"alarm-id", f"{match[1]}.{match[2]}.{match[3]}".encode(), match[4]
    elif match:
        purpose, body, mac = b"message-id", f"{match[1]}.{match[2]}".encode(), match[3]
    else:
        match = _ROOT_ID.match(message_id)
        if match is None:
            return None
        purpose, body, mac = b"root", match[1].encode(), match[2]
    for secret in keys.secrets:
        if hmac.compare_digest(mac.encode(), _mac(secret, purpose, body).hex().encode()):
            return int(match[1])
    return None


def _mac(secret: bytes, purpose: bytes, body: bytes) -> bytes:
    key = hmac.digest(secret, b"ticketgate " + purpose, "sha256")
    return hmac.digest(key, body, "sha256")[:_MAC_BYTES]
