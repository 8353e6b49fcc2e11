"""Any web service: the alarm's document by POST.

It proves itself with a bearer token, or signs each request, or both. The service has it when it
answers with 2xx; a redirect is no 2xx. `Idempotency-Key` is the same for the same document.
Standard library only.
Source of the signature's form: the "sha256=" + HMAC that code hosting services send.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.hook.sinks import asking
from gateway.hook.sinks.asking import Peer
from gateway.hook.sinks.settings import TIMEOUT, Key, SinkKind, secret
from gateway.hook.sinks.sink import Showing
from parsers.alarm import Alarm
from parsers.alarm_answer import Answer
from parsers.alarm_document import write_alarm

SIGNATURE = "X-Alarm-Signature"
_ADVICE = {
    401: "look at token_file or secret_file",
    403: "look at token_file or secret_file",
    404: "look at url",
    405: "look at url",
}


@dataclass(frozen=True, slots=True)
class Webhook:
    """One URL; `key` is b"" when requests are not signed."""

    peer: Peer
    key: bytes

    def show(self, showing: Showing) -> str:
        """Post the document."""
        body = write_alarm(showing.alarm).encode()
        headers = {"Idempotency-Key": showing.alarm.event_id}
        if self.key:
            headers[SIGNATURE] = signature(self.key, body)
        reply = self.peer.ask("POST", "", body, headers)
        asking.expect(reply, self.peer.shown, _ADVICE)
        return f"{self.peer.shown} answered {reply.status}"

    def heard(self, open_alarms: Sequence[Alarm]) -> Sequence[Answer]:  # noqa: ARG002
        """Return nothing: a web service answers by mail, or runs `ticketgate-hook ack`."""
        return ()


def signature(key: bytes, body: bytes) -> str:
    """Return the header's value: HMAC-SHA-256 of the body as it is sent (RFC 2104)."""
    return "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()


def _build(values: Mapping[str, Any], site: str) -> Webhook:  # noqa: ARG001
    token = secret("token_file", values["token_file"])
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    peer = asking.peer(
        asking.checked_url(values["url"]), values["ca_file"], values["timeout_s"], **headers
    )
    return Webhook(peer, secret("secret_file", values["secret_file"]).encode())


WEBHOOK = SinkKind(
    {
        "url": Key("where alarms are posted", obligatory=True),
        "token_file": Key("file with a bearer token"),
        "secret_file": Key(f"file with the key of the {SIGNATURE} header"),
        "ca_file": Key("authority of the server's certificate; the machine's if not given"),
        "timeout_s": TIMEOUT,
    },
    _build,
)
