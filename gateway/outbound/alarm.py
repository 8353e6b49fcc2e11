"""From an alarm's outbox row to the document that a site's monitoring acts on, and its signature.

Rule: the row gives everything, so that a row tried again gives the same document. The signature is
Ed25519 over the document alone (docs/alarms.md): a site can check it and cannot forge it.
"""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.config.signingkeys import read_ed25519
from parsers.alarm import VALID_FOR, Alarm, AlarmEvent, AlarmStatus, Mode, Severity
from parsers.alarm_document import fitting, signed_content, write_alarm
from router.addresses import OurAddresses

if TYPE_CHECKING:  # `init` makes keys, and needs neither for that
    from gateway.config.root import Config
    from store.outbox import OutboxRow

KID_CHARS = 16


class AlarmSigner:
    """Signs alarm documents with one Ed25519 key; `kid` names it to the sites."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private
        raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        self.public = base64.b64encode(raw).decode("ascii")
        self.kid = sha256(raw).hexdigest()[:KID_CHARS]

    def zone_name(self, domain: str) -> str:
        """Return the name of the record by which sites may look the key up."""
        return f"{self.kid}._alarm.{domain}"

    @property
    def record(self) -> str:
        """Return the TXT record that publishes the key."""
        return f"v=TICKETGATE1; k=ed25519; p={self.public}"

    def line(self, alarm: Alarm) -> str:
        """Return the content of `alarm.json.sig` for this alarm."""
        signature = self._private.sign(signed_content(write_alarm(alarm).encode("ascii")))
        return f"{self.kid}:{base64.urlsafe_b64encode(signature).decode('ascii').rstrip('=')}"


def alarm_signer_of(config: "Config") -> AlarmSigner | None:
    """Return what signs alarm documents; None without a key, and then sites will not believe."""
    key = config.keys.alarm_key
    return AlarmSigner(read_ed25519(key.reveal())) if key is not None else None


def alarm_of(row: "OutboxRow", addresses: OurAddresses, url: str = "") -> Alarm:
    """Return the document of an alarm's row; raises KeyError or ValueError for a damaged row."""
    said: Mapping[str, object] = row.values["alarm"]
    texts: dict[str, Any] = {
        name: str(said.get(name, ""))
        for name in ("site", "vo", "service", "summary", "description", "alarmer")
    }
    return fitting(
        Alarm(
            event_id=str(uuid5(NAMESPACE_URL, row.message_id)),
            alarm_id=f"{addresses.domain}/{said.get('of') or row.ticket}",
            ticket=str(row.ticket),
            seq=row.event,
            event=AlarmEvent(str(said["event"])),
            status=AlarmStatus(str(said["status"])),
            severity=Severity(str(said["severity"])),
            mode=Mode(str(said["mode"])),
            starts_at=_time(said["starts_at"]),
            updated_at=_time(said["updated_at"]),
            ends_at=_time(said["ends_at"]) if said.get("ends_at") else None,
            issued_at=_whole(row.date),
            expires_at=_whole(row.date) + VALID_FOR,
            nonce=sha256(row.message_id.encode()).hexdigest()[:32],
            url=url,
            reply_to=addresses.reply_to(row.reply_token) if row.reply_token else "",
            **texts,
        )
    )


def _time(value: object) -> datetime:
    return _whole(datetime.fromisoformat(str(value)))


def _whole(time: datetime) -> datetime:
    """Return a time in whole seconds, as the document writes it."""
    return time.astimezone(UTC).replace(microsecond=0)
