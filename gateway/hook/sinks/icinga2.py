"""Icinga 2 by its REST API: one service for each alarm.

The service is made of a template, given a state, acknowledged with the ticket, and deleted some
time after it was resolved, so that people have seen it. `vars.alarm_document` says which document
it was given last: what an operator did to it since is left alone until a newer document comes.
Standard library only.
Source: Icinga 2 documentation, "Icinga 2 API", and what 2.13 answered.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from gateway.hook.sinks import asking, words
from gateway.hook.sinks.asking import Peer, Reply
from gateway.hook.sinks.settings import TIMEOUT, Key, SinkKind, secret, wrong
from gateway.hook.sinks.sink import Showing
from gateway.now import utc_now
from parsers.alarm import Alarm, AlarmStatus
from parsers.alarm_answer import Answer
from parsers.errors import Deferred

OUTPUT_CHARS = 1_000
_ADVICE = {
    401: "user and password_file must be those of an ApiUser (docs/hook/icinga2.md)",
    403: "give the ApiUser the permissions of docs/hook/icinga2.md",
    404: "Icinga has no such host or template, or the ApiUser may not see it: look at host, "
    "template and docs/hook/icinga2.md",
}
_UNKNOWN = ("does not exist", "nvalid template", "unknown", "nknown")


@dataclass(frozen=True, slots=True)
class Icinga2:
    """One Icinga 2; alarms are services of `host`, named `prefix` and the ticket's number."""

    peer: Peer
    host: str
    template: str
    prefix: str
    keep: timedelta

    def show(self, showing: Showing) -> str:
        """Make the alarm's service as it should be, and delete what has been resolved for long."""
        alarm, path = showing.alarm, self._path(showing.alarm)
        self._sweep({one.alarm_id for one in (*showing.open_alarms, alarm)})
        found = self._find(path)
        if found is None:
            if alarm.status is AlarmStatus.RESOLVED:
                return f"{self._name(alarm)}: is not there any more"
            self._create(alarm, path)
        elif _document(found) == words.document(alarm):
            return f"{self._name(alarm)}: was shown before"
        self._draw(alarm, {} if found is None else found)
        # Last, so that what broke off in between is done again.
        self._expect("POST", path, {"attrs": {"vars.alarm_document": words.document(alarm)}})
        return f"{self._name(alarm)}: {words.state(alarm).name}"

    def heard(self, open_alarms: Sequence[Alarm]) -> Sequence[Answer]:  # noqa: ARG002
        """Return nothing: Icinga calls a notification command by itself."""
        return ()

    def _draw(self, alarm: Alarm, found: Mapping[str, Any]) -> None:
        """Submit the state and acknowledge; an alarm that fires again must page again."""
        in_trouble, acknowledged = bool(found.get("state")), bool(found.get("acknowledgement"))
        wants_ack = alarm.status is AlarmStatus.ACKNOWLEDGED and words.state(alarm) != 0
        if acknowledged and alarm.status is AlarmStatus.FIRING:
            self._act("remove-acknowledgement", alarm, {})
        if not (wants_ack and in_trouble):
            self._act("process-check-result", alarm, {
                "exit_status": int(words.state(alarm)),
                "plugin_output": output(alarm),
                "check_source": "ticketgate-hook",
            })  # fmt: skip
        if wants_ack and not (acknowledged and in_trouble):
            # Tells nobody, or the site's own notification would be mailed back as an answer.
            self._act("acknowledge-problem", alarm, {
                "author": words.AUTHOR,
                "comment": "acknowledged at the helpdesk",
                "sticky": True,
                "notify": False,
            })  # fmt: skip

    def _create(self, alarm: Alarm, path: str) -> None:
        attrs = {
            "display_name": words.line(f"ALARM {alarm.ticket} {alarm.vo}: {alarm.summary}", 200),
            "notes_url": words.line(alarm.url, 500),
            "vars.alarm_id": alarm.alarm_id,
            "vars.alarm_vo": words.line(alarm.vo, 100),
            "vars.alarm_document": "",
        }
        reply = self.peer.ask("PUT", path, {"templates": [self.template], "attrs": attrs})
        if reply.status == 500:
            # "Already exists" and "no such host" are one status: a look decides.
            if self._find(path) is not None:
                return
            if any(word in reply.text() for word in _UNKNOWN):
                reply = Reply(404, reply.body)
        asking.expect(reply, f"making service {self._name(alarm)}", _ADVICE)

    def _act(self, action: str, alarm: Alarm, body: Mapping[str, Any]) -> None:
        service = quote(self._name(alarm), safe="")
        reply = self.peer.ask("POST", f"/v1/actions/{action}?service={service}", body)
        if action == "acknowledge-problem" and reply.status == 409:
            return  # somebody was quicker, or closed it
        if reply.status == 404:
            raise Deferred("Monitoring lost the alarm.", f"{self._name(alarm)} was deleted: again")
        asking.expect(reply, f"{action} {self._name(alarm)}", _ADVICE)

    def _find(self, path: str) -> Mapping[str, Any] | None:
        reply = self.peer.ask("GET", f"{path}?attrs=state&attrs=acknowledgement&attrs=vars")
        if reply.status == 404:
            return None
        asking.expect(reply, "looking for a service", _ADVICE)
        for result in _results(reply):
            return dict(result.get("attrs") or {})
        return None

    def _sweep(self, kept: Iterable[str]) -> None:
        """Delete services of ours that have been good for `keep` and belong to no open alarm."""
        before = (utc_now() - self.keep).timestamp()
        reply = self.peer.ask(
            "POST",
            "/v1/objects/services",
            {
                "filter": "host.name == host_name && service.vars.alarm_id != null && "
                "service.state == 0 && service.last_state_change < before && "
                "match(prefix, service.name)",
                "filter_vars": {
                    "host_name": self.host,
                    "before": before,
                    "prefix": f"{self.prefix}*",
                },
                "attrs": ["name", "vars"],
            },
            {"X-HTTP-Method-Override": "GET"},
        )
        if reply.status == 401:
            asking.expect(reply, "looking for old alarms", _ADVICE)
        if reply.status >= 300:
            return  # a filter without a match is an error in some versions
        open_ids = set(kept)
        for result in _results(reply):
            attrs = result.get("attrs") or {}
            if (attrs.get("vars") or {}).get("alarm_id") not in open_ids:
                name = quote(f"{self.host}!{attrs.get('name')}", safe="")
                self.peer.ask("DELETE", f"/v1/objects/services/{name}?cascade=1")

    def _expect(self, method: str, path: str, body: Mapping[str, Any]) -> None:
        asking.expect(self.peer.ask(method, path, body), f"{method} {path}", _ADVICE)

    def _name(self, alarm: Alarm) -> str:
        return f"{self.host}!{self.prefix}{alarm.ticket}"

    def _path(self, alarm: Alarm) -> str:
        return f"/v1/objects/services/{quote(self._name(alarm), safe='')}"


def output(alarm: Alarm) -> str:
    """Return the line that people see: one line, no macros, its own alphabet."""
    text = f"{words.state(alarm).name} - {words.headline(alarm)}"
    return words.line(text, OUTPUT_CHARS)


def _results(reply: Reply) -> Sequence[Mapping[str, Any]]:
    document = reply.json()
    found = document.get("results") if isinstance(document, dict) else None
    return [one for one in found or [] if isinstance(one, dict)]


def _document(attrs: Mapping[str, Any]) -> str:
    return str((attrs.get("vars") or {}).get("alarm_document", ""))


def _build(values: Mapping[str, Any], site: str) -> Icinga2:
    url, ca_file = values["url"], values["ca_file"]
    if not url.startswith("https://"):
        wrong("url", "is no https address: Icinga's API has TLS only")
    if values["verify"] and not ca_file:
        wrong("ca_file", "is missing: a copy of /var/lib/icinga2/certs/ca.crt")
    password = secret("password_file", values["password_file"])
    login = {"Authorization": asking.basic(values["user"], password)}
    peer = asking.peer(asking.checked_url(url), ca_file, values["timeout_s"], **login)
    if not values["verify"]:
        peer = asking.trusting_anybody(peer)
    host = values["host"] or site
    for key, name in (("host", host), ("prefix", values["prefix"])):
        if "!" in name or not name.isprintable():
            wrong(key, f"has a character that Icinga does not allow in a name: {name!r}")
    keep = timedelta(hours=values["keep_resolved_hours"])
    return Icinga2(peer, host, values["template"], values["prefix"], keep)


ICINGA2 = SinkKind(
    {
        "url": Key("https://NAME:5665, NAME as in the server's certificate", obligatory=True),
        "user": Key("the ApiUser", obligatory=True),
        "password_file": Key("file with the password of the ApiUser", obligatory=True),
        "ca_file": Key("Icinga's authority; obligatory unless verify is false"),
        "verify": Key("false believes any server: for tests only", bool, True),
        "host": Key("Host object that the alarms belong to; the site's name if not given"),
        "template": Key("Service template to make alarms of", default="alarm-ticket"),
        "prefix": Key("what the names of their services begin with", default="alarm-"),
        "keep_resolved_hours": Key("hours until a resolved one is deleted", int, 24),
        "timeout_s": TIMEOUT,
    },
    _build,
)
