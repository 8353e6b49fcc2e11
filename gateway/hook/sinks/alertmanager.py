"""Prometheus' Alertmanager by its API, version 2.

Alertmanager keeps alerts in memory only: a restart loses them, so the hook shows open alarms again
from time to time, and each showing carries all of them. The label set names an alert, so it holds
nothing that may change. There is no acknowledgement: a silence on `alarm_id` is one, both ways.
Standard library only.
Source: Alertmanager, its openapi document of API v2, and what 0.25 answered.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from gateway.hook.sinks import asking, words
from gateway.hook.sinks.asking import Peer, Reply
from gateway.hook.sinks.settings import TIMEOUT, Key, SinkKind, secret, wrong
from gateway.hook.sinks.sink import Showing
from gateway.now import utc_now
from parsers.alarm import Alarm, AlarmStatus
from parsers.alarm_answer import Answer, AnswerEvent
from parsers.alarm_document import write_time
from parsers.errors import Deferred

ALERTNAME = "AlarmTicket"
CREATED_BY = "ticketgate-hook"  # of silences that say what the helpdesk said
FAR = datetime(2099, 1, 1, tzinfo=UTC)  # without an end an alert resolves itself in minutes
OURS = frozenset({"alertname", "alarm_id", "site"})
LOOK_S = 0.1
_ADVICE = {
    401: "look at token_file, or user and password_file",
    403: "look at token_file, or user and password_file",
    404: "url must be Alertmanager's own, as in its --web.external-url, without /api",
}


@dataclass(frozen=True, slots=True)
class Alertmanager:
    """One Alertmanager; `labels` are those that the site's routes look for."""

    peer: Peer
    site: str
    labels: Mapping[str, str]

    def show(self, showing: Showing) -> str:
        """Send the alarm and all open ones, and see that the alarm has arrived."""
        alarm = showing.alarm
        others = [one for one in showing.open_alarms if one.alarm_id != alarm.alarm_id]
        found = self._sent((alarm, *others))
        if alarm.status is AlarmStatus.RESOLVED:
            self._expire_silences(alarm)
            return f"{alarm.alarm_id}: ended"
        if alarm.status is AlarmStatus.FIRING:
            self._expire_silences(alarm)
        elif not _silences(found):
            self._silence(alarm)
        return f"{alarm.alarm_id}: {alarm.status.value}"

    def heard(self, open_alarms: Sequence[Alarm]) -> Sequence[Answer]:
        """Return an ack for each firing alarm that a person has silenced."""
        answers: list[Answer] = []
        for alarm in open_alarms:
            if alarm.status is not AlarmStatus.FIRING:
                continue
            for found in self._alerts(alarm):
                answers += self._answers(alarm, _silences(found))
        return answers

    def _answers(self, alarm: Alarm, silences: Sequence[str]) -> Sequence[Answer]:
        for name in silences:
            reply = self.peer.ask("GET", f"/silence/{name}")
            if reply.status == 404:
                continue  # it ended meanwhile
            silence = _object(asking.expect(reply, "reading a silence", _ADVICE))
            by = str(silence.get("createdBy", ""))
            if by != CREATED_BY:
                comment = words.one_line(str(silence.get("comment", "")))
                return [
                    Answer(AnswerEvent.ACK, alarm.alarm_id, alarm.seq, words.one_line(by), comment)
                ]
        return []

    def _alert(self, alarm: Alarm) -> Mapping[str, Any]:
        """Return the alert; a resolved one says its annotations again, or they would be lost."""
        resolved = alarm.status is AlarmStatus.RESOLVED
        end = min(alarm.ends_at or alarm.updated_at, utc_now()) if resolved else FAR
        alert: dict[str, Any] = {
            "labels": dict(self.labels)
            | {"alertname": ALERTNAME, "alarm_id": alarm.alarm_id, "site": self.site},
            "annotations": {
                "summary": words.one_line(alarm.summary),
                "description": alarm.description,
                "ticket": alarm.ticket,
                "vo": alarm.vo,
                "service": alarm.service,
                "severity": words.severity(alarm).value,
                "status": alarm.status.value,
                "mode": alarm.mode.value,
                "sequence": str(alarm.seq),
                "url": alarm.url,
            },
            "startsAt": write_time(
                min(alarm.starts_at, end)
            ),  # without it, it would begin with its end
            "endsAt": write_time(end),
        }
        return alert

    def _sent(self, alarms: Sequence[Alarm]) -> Mapping[str, Any]:
        """Send alarms until the first is listed, or not any more; return it as it is listed.

        An end that is in the future for Alertmanager's clock does nothing: the later end, which is
        FAR, wins. So it is sent again until that clock has passed it.
        """
        alarm, end = alarms[0], time.monotonic() + self.peer.timeout_s
        wanted = alarm.status is not AlarmStatus.RESOLVED
        while True:
            self._expect("POST", "/alerts", [self._alert(one) for one in alarms])
            found = self._alerts(alarm)
            if bool(found) == wanted:
                return found[0] if found else {}
            if time.monotonic() > end:
                raise Deferred(
                    "Monitoring does not show the alarm as it is.",
                    f"{alarm.alarm_id} is {'not ' if wanted else 'still '}listed after it was "
                    "sent: are the clocks here and there right, does another program send it?",
                )
            time.sleep(LOOK_S)  # between two looks

    def _alerts(self, alarm: Alarm) -> Sequence[Mapping[str, Any]]:
        return _objects(self._expect("GET", f"/alerts?{_about(alarm)}"))

    def _silence(self, alarm: Alarm) -> None:
        matcher = {"name": "alarm_id", "value": alarm.alarm_id, "isRegex": False, "isEqual": True}
        self._expect("POST", "/silences", {
            "matchers": [matcher],
            "startsAt": write_time(alarm.issued_at),
            "endsAt": write_time(FAR),  # it ends with the alarm, or when that fires again
            "createdBy": CREATED_BY,
            "comment": f"{alarm.alarm_id} was acknowledged at the helpdesk",
        })  # fmt: skip

    def _expire_silences(self, alarm: Alarm) -> None:
        for one in _objects(self._expect("GET", f"/silences?{_about(alarm)}")):
            ours = one.get("createdBy") == CREATED_BY
            if ours and (one.get("status") or {}).get("state") != "expired":
                self._expect("DELETE", f"/silence/{one.get('id')}")

    def _expect(self, method: str, path: str, body: Any = None) -> Reply:
        return asking.expect(self.peer.ask(method, path, body), f"{method} {path}", _ADVICE)


def _about(alarm: Alarm) -> str:
    return urlencode({"filter": f'alarm_id="{alarm.alarm_id}"'})


def _silences(alert: Mapping[str, Any]) -> Sequence[str]:
    found = (alert.get("status") or {}).get("silencedBy") or []
    return [str(name) for name in found if str(name).replace("-", "").isalnum()]


def _object(reply: Reply) -> Mapping[str, Any]:
    found = reply.json()
    return found if isinstance(found, dict) else {}


def _objects(reply: Reply) -> Sequence[Mapping[str, Any]]:
    found = reply.json()
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _build(values: Mapping[str, Any], site: str) -> Alertmanager:
    labels = values["labels"]
    for name in labels:
        if not (name.isascii() and name.isidentifier()) or name in OURS:
            wrong("labels", f"has a name that cannot be one: {name!r}")
    token = secret("token_file", values["token_file"])
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if values["user"]:
        password = secret("password_file", values["password_file"])
        headers = {"Authorization": asking.basic(values["user"], password)}
    url = f"{asking.checked_url(values['url'])}/api/v2"
    peer = asking.peer(url, values["ca_file"], values["timeout_s"], **headers)
    return Alertmanager(peer, site, labels)


ALERTMANAGER = SinkKind(
    {
        "url": Key("Alertmanager's address, as http://127.0.0.1:9093", obligatory=True),
        "labels": Key("labels that your routes look for", dict, {}),
        "token_file": Key("file with a bearer token"),
        "user": Key("user, when it asks for a password"),
        "password_file": Key("file with that user's password"),
        "ca_file": Key("authority of the server's certificate; the machine's if not given"),
        "timeout_s": TIMEOUT,
    },
    _build,
    forgets=True,
)
