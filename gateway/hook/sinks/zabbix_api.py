"""What the Zabbix sink asks the frontend's API: what became of an alarm, and to acknowledge it.

Standard library only.
Source: Zabbix documentation, "API", `event.get`, `event.acknowledge`; 6.0 takes the token in the
request, 7.2 in a header only.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.hook.sinks import asking, words
from gateway.hook.sinks.asking import Peer
from parsers.alarm import Alarm
from parsers.errors import Deferred, Refused

LOOK_S = 0.2
ACKNOWLEDGE, MESSAGE = 2, 4
_BODY_TOKEN_UNTIL = (7, 0)


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem event of an alarm; `document` names the document that raised it."""

    event_id: str
    document: str
    acknowledged: bool
    is_open: bool


@dataclass(frozen=True, slots=True)
class Api:
    """The API of one frontend."""

    peer: Peer
    token: str

    def problems(self, alarm: Alarm) -> Sequence[Problem]:
        """Return the problem events of an alarm, also those that have ended."""
        found = self._call("event.get", {
            "output": ["eventid", "r_eventid", "acknowledged"],
            "selectTags": "extend",
            "value": 1,
            "evaltype": 0,
            "tags": [{"tag": "alarm", "value": alarm.alarm_id, "operator": 1}],
        })  # fmt: skip
        return [_problem(one) for one in found if isinstance(one, dict)]

    def wait(self, alarm: Alarm) -> None:
        """Wait until a document has its problem event; raises Deferred when it has none in time."""
        end = time.monotonic() + self.peer.timeout_s
        while not any(one.document == words.document(alarm) for one in self.problems(alarm)):
            if time.monotonic() > end:
                raise Deferred(
                    "Monitoring does not show the alarm yet.",
                    f"Zabbix took the value and has no problem with tag alarm={alarm.alarm_id}: "
                    "are the template's triggers enabled, may the token's user read the host?",
                )
            time.sleep(LOOK_S)  # between two looks

    def acknowledge(self, problems: Sequence[Problem], message: str) -> None:
        """Acknowledge events."""
        self._call("event.acknowledge", {
            "eventids": [one.event_id for one in problems],
            "action": ACKNOWLEDGE | MESSAGE,
            "message": message,
        })  # fmt: skip

    def _call(self, method: str, params: Mapping[str, Any]) -> Any:
        version = str(self._post({"method": "apiinfo.version", "params": []}, {}))
        body: dict[str, Any] = {"method": method, "params": params}
        if _numbers(version) <= _BODY_TOKEN_UNTIL:
            return self._post(body | {"auth": self.token}, {})
        return self._post(body, {"Authorization": f"Bearer {self.token}"})

    def _post(self, body: Mapping[str, Any], headers: Mapping[str, str]) -> Any:
        said = {"jsonrpc": "2.0", "id": 1} | dict(body)
        reply = self.peer.ask("POST", "", said, headers)
        answer = asking.expect(
            reply, self.peer.url, {404: "api_url ends in api_jsonrpc.php"}
        ).json()
        answer = answer if isinstance(answer, dict) else {}
        if "error" in answer:
            error = answer["error"]
            told = f"{error.get('message')} {error.get('data')}" if isinstance(error, dict) else ""
            raise Refused(
                "Monitoring refuses the alarm.",
                f"{said['method']}: {told[:300]}: look at token_file, and at what its user may do",
            )
        return answer.get("result", [])


def _problem(event: Mapping[str, Any]) -> Problem:
    tags = {one.get("tag"): str(one.get("value", "")) for one in event.get("tags", [])}
    return Problem(
        str(event.get("eventid", "")),
        tags.get("document", ""),
        str(event.get("acknowledged", "0")) == "1",
        str(event.get("r_eventid", "0")) == "0",
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(one) for one in version.split(".")[:2] if one.isdecimal())
