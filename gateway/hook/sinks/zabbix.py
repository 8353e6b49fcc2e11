"""Zabbix by its sender protocol, and with the API of its frontend where that is configured.

A value of a trapper item raises a problem by the triggers of the template that the hook brings
along; several may be open, each is closed by the tag `alarm`. The protocol says that a value was
taken and no more. Only the API can show an acknowledgement, and only with it does telling the same
again raise no second problem.
Standard library only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.hook.sinks import asking, words, zabbix_lines, zabbix_sender
from gateway.hook.sinks.settings import TIMEOUT, Key, SinkKind, secret, wrong
from gateway.hook.sinks.sink import Showing
from gateway.hook.sinks.zabbix_api import Api
from parsers.alarm import Alarm, AlarmStatus
from parsers.alarm_answer import Answer


@dataclass(frozen=True, slots=True)
class Zabbix:
    """One trapper item; `api` is None where there is none."""

    address: tuple[str, int]
    host: str
    key: str
    timeout_s: float
    api: Api | None

    def show(self, showing: Showing) -> str:
        """Send what the server does not have yet, and acknowledge."""
        alarm = showing.alarm
        if self.api is None:
            return f"{self.host} {self.key}: {self._send(zabbix_lines.value(alarm))}"
        return _SHOWN[alarm.status](self, self.api, alarm)

    def heard(self, open_alarms: Sequence[Alarm]) -> Sequence[Answer]:  # noqa: ARG002
        """Return nothing: an action of Zabbix calls the hook."""
        return ()

    def firing(self, api: Api, alarm: Alarm) -> str:
        """Raise a problem, unless this document has raised one."""
        if any(one.document == words.document(alarm) for one in api.problems(alarm)):
            return f"{alarm.alarm_id}: was shown before"
        self._send(zabbix_lines.value(alarm, AlarmStatus.FIRING.value))
        api.wait(alarm)
        return f"{alarm.alarm_id}: a problem of {self.host}"

    def acknowledged(self, api: Api, alarm: Alarm) -> str:
        """Acknowledge the open problems; the first word about an alarm may be this one."""
        if not api.problems(alarm):
            self.firing(api, alarm)
        unseen = [one for one in api.problems(alarm) if one.is_open and not one.acknowledged]
        if unseen:
            api.acknowledge(unseen, f"acknowledged by the {words.AUTHOR}")
        return f"{alarm.alarm_id}: acknowledged"

    def resolved(self, api: Api, alarm: Alarm) -> str:
        """Close the open problems."""
        if any(one.is_open for one in api.problems(alarm)):
            self._send(zabbix_lines.value(alarm))
        return f"{alarm.alarm_id}: resolved"

    def _send(self, value: str) -> str:
        return zabbix_sender.send(self.address, self.host, self.key, value, self.timeout_s)


_SHOWN = {
    AlarmStatus.FIRING: Zabbix.firing,
    AlarmStatus.ACKNOWLEDGED: Zabbix.acknowledged,
    AlarmStatus.RESOLVED: Zabbix.resolved,
}


def _build(values: Mapping[str, Any], site: str) -> Zabbix:
    if not 0 < values["port"] < 65_536:
        wrong("port", "is no port")
    api = None
    if values["api_url"]:
        token = secret("token_file", values["token_file"])
        if not token:
            wrong("token_file", "is missing: api_url needs it")
        url = asking.checked_url(values["api_url"], "api_url")
        peer = asking.peer(url, values["ca_file"], values["timeout_s"])
        api = Api(peer, token)
    address = (values["server"], values["port"])
    return Zabbix(address, values["host"] or site, values["key"], values["timeout_s"], api)


ZABBIX = SinkKind(
    {
        "server": Key("the Zabbix server's or proxy's address", obligatory=True),
        "port": Key("its trapper port", int, 10051),
        "host": Key("host with the template; the site's name if not given"),
        "key": Key("key of the trapper item", default="alarm.ticket"),
        "api_url": Key("https://NAME/zabbix/api_jsonrpc.php, to acknowledge and to read back"),
        "token_file": Key("file with an API token; obligatory with api_url"),
        "ca_file": Key("authority of the frontend's certificate; the machine's if not given"),
        "timeout_s": TIMEOUT,
    },
    _build,
)
