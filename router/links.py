"""Signed links to attachments: who holds one may fetch that one file until its day is over.

Path and query only; the host belongs to the configuration. Days count from 1970-01-01 in UTC.
Keys are arguments; this file never finds one by itself.
"""

import hmac
import re
from datetime import UTC, date, datetime
from enum import StrEnum

from router.tokens import Keyring

_MAC_HEX = 40  # 160 bits
_HEX = re.compile(rf"^[0-9a-f]{{{_MAC_HEX}}}$")
_EPOCH = date(1970, 1, 1)


class LinkState(StrEnum):
    """What a link is worth."""

    VALID = "valid"
    EXPIRED = "expired"
    FORGED = "not one of ours"


def link_day(moment: datetime) -> int:
    """Return the day of an aware moment, counted from 1970-01-01 in UTC."""
    return (moment.astimezone(UTC).date() - _EPOCH).days


def sign_link(keys: Keyring, mail: int, index: int, until_day: int) -> str:
    """Return the path and query of one attachment, valid through `until_day` (see `link_day`).

    `mail` is the row of the raw mail, `index` that of parsers.heard.Attachment.
    """
    signature = _mac(keys.secrets[0], mail, index, until_day)
    return f"/attachments/{mail}/{index}?until={until_day}&sig={signature}"


def check_link(
    keys: Keyring, mail: int, index: int, until_day: int, signature: str, *, today: int
) -> LinkState:
    """Judge what came with a request. Only a link that we signed can be expired."""
    if not _HEX.match(signature):
        return LinkState.FORGED
    given = signature.encode()
    macs = [_mac(secret, mail, index, until_day).encode() for secret in keys.secrets]
    if not any(hmac.compare_digest(given, mac) for mac in macs):
        return LinkState.FORGED
    return LinkState.VALID if today <= until_day else LinkState.EXPIRED


def _mac(secret: bytes, mail: int, index: int, until_day: int) -> str:
    key = hmac.digest(secret, b"ticketgate link", "sha256")
    body = b"%d.%d.%d" % (mail, index, until_day)
    return hmac.digest(key, body, "sha256").hex()[:_MAC_HEX]
