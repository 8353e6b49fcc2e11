"""Zabbix shows what it is told, and calls the hook for what people do."""

from pathlib import Path
from typing import Any

import pytest
from running import until

from gateway.hook.sinks.sink import Sink
from gateway.hook.sinks.zabbix import ZABBIX
from parsers.alarm import AlarmStatus, Mode, Severity
from parsers.errors import Deferred, Refused
from tests.hook.sinks.alarms import HOSTILE, acknowledged, alarm, later, resolved, showing
from tests.monitoring.programs import SITE
from tests.monitoring.zabbix import Zabbix
from tests.ports import free_port


def sink_of(zabbix: Zabbix, **changes: Any) -> Sink:
    settings = {
        "server": "127.0.0.1",
        "port": zabbix.port,
        "api_url": zabbix.api_url,
        "token_file": str(zabbix.token_file),
    }
    return ZABBIX.make(settings | changes, SITE)


def test_an_alarm_is_a_problem_until_it_is_resolved(zabbix: Zabbix) -> None:
    sink, fired = sink_of(zabbix), alarm()
    sink.show(showing(fired))
    (problem,) = zabbix.problems(fired.alarm_id)
    assert problem["severity"] == "5"
    assert problem["name"] == f"ALARM {fired.ticket} SRM endpoint down"
    sink.show(showing(resolved(fired)))
    until(lambda: zabbix.problems(fired.alarm_id) == [], "it is closed")


def test_severities_have_their_levels_and_an_exercise_says_so(zabbix: Zabbix) -> None:
    sink = sink_of(zabbix)
    for fields, level in (
        ({"severity": Severity.MAJOR}, "4"),
        ({"severity": Severity.MINOR}, "2"),
        ({"mode": Mode.TEST}, "1"),
        ({"mode": Mode.EXERCISE}, "5"),
    ):
        one = alarm(**fields)
        sink.show(showing(one))
        (problem,) = zabbix.problems(one.alarm_id)
        assert problem["severity"] == level, fields
        assert ("EXERCISE SRM" in problem["name"]) == (one.mode is Mode.EXERCISE)


def test_two_alarms_are_two_problems_and_one_is_closed_alone(zabbix: Zabbix) -> None:
    sink, first, second = sink_of(zabbix), alarm(), alarm(vo="atlas")
    sink.show(showing(first))
    sink.show(showing(second, first))
    sink.show(showing(resolved(first), second))
    until(lambda: zabbix.problems(first.alarm_id) == [], "the first is closed")
    assert len(zabbix.problems(second.alarm_id)) == 1


def test_showing_again_changes_nothing_also_when_a_person_closed_it(zabbix: Zabbix) -> None:
    sink, fired, other = sink_of(zabbix), alarm(), alarm()
    sink.show(showing(fired))
    sink.show(showing(other, fired))
    assert sink.show(showing(fired, other)) == f"{fired.alarm_id}: was shown before"
    (problem,) = zabbix.problems(fired.alarm_id)
    zabbix.as_person("event.acknowledge", eventids=problem["eventid"], action=1)
    until(lambda: zabbix.problems(fired.alarm_id) == [], "it is closed by hand")
    call = zabbix.recorder.heard("RECOVERY", alarm=fired.alarm_id)
    assert (call["by"], call["comment"]) == ("", "closed in Zabbix")
    assert sink.show(showing(fired, other)) == f"{fired.alarm_id}: was shown before"
    assert zabbix.problems(fired.alarm_id) == []
    again = later(fired, AlarmStatus.FIRING)
    sink.show(showing(again, other))
    assert len(zabbix.problems(fired.alarm_id)) == 1


def test_an_acknowledged_alarm_is_acknowledged_once(zabbix: Zabbix) -> None:
    sink, fired = sink_of(zabbix), alarm()
    sink.show(showing(fired))
    for _ in range(2):
        sink.show(showing(acknowledged(fired)))
        (problem,) = zabbix.problems(fired.alarm_id)
        assert problem["acknowledged"] == "1"
        assert len(problem["acknowledges"]) == 1
    first_heard = acknowledged(alarm())
    sink.show(showing(first_heard))
    (problem,) = zabbix.problems(first_heard.alarm_id)
    assert problem["acknowledged"] == "1"


def test_a_person_who_acknowledges_is_heard_with_name_and_words(zabbix: Zabbix) -> None:
    sink, fired = sink_of(zabbix), alarm()
    sink.show(showing(fired))
    (problem,) = zabbix.problems(fired.alarm_id)
    words = "--by=me 'on it' \"now\" `id` $(id) {HOST.HOST}; \\ über\nnext line"
    zabbix.as_person("event.acknowledge", eventids=problem["eventid"], action=6, message=words)
    call = zabbix.recorder.heard("ACKNOWLEDGEMENT", alarm=fired.alarm_id)
    assert call["by"] == "Erika Example (erika)"
    assert call["comment"].replace("\r", "") == words
    sink.show(showing(acknowledged(fired)))
    (problem,) = zabbix.problems(fired.alarm_id)
    assert len(problem["acknowledges"]) == 1


def test_a_hostile_alarm_opens_and_closes_nothing_else(zabbix: Zabbix) -> None:
    sink = sink_of(zabbix)
    fired = alarm(
        summary=HOSTILE,
        vo=HOSTILE,
        site=HOSTILE,
        event_id="e doc=9",
        ticket="9 status=resolved",
        alarm_id="helpdesk.example/9",
    )
    sink.show(showing(fired))
    (problem,) = zabbix.problems(fired.alarm_id)
    assert {one["tag"]: one["value"] for one in problem["tags"]} == {
        "alarm": fired.alarm_id,
        "document": "1.e_doc_9",
    }
    sink.show(showing(resolved(fired)))
    until(lambda: zabbix.problems(fired.alarm_id) == [], "it is closed")


def test_without_the_api_a_value_is_sent_and_the_server_counts_it(zabbix: Zabbix) -> None:
    sink = sink_of(zabbix, api_url=None, token_file=None)
    fired, other = alarm(summary="it says status=resolved and status=firing"), alarm()
    assert "processed: 1; failed: 0" in sink.show(showing(fired))
    until(lambda: len(zabbix.problems(fired.alarm_id)) == 1, "the problem")
    sink.show(showing(acknowledged(fired)))
    sink.show(showing(other, acknowledged(fired)))
    until(lambda: len(zabbix.problems(other.alarm_id)) == 1, "the problem of a later value")
    assert len(zabbix.problems(fired.alarm_id)) == 1
    sink.show(showing(resolved(acknowledged(fired)), other))
    until(lambda: zabbix.problems(fired.alarm_id) == [], "it is closed")


def test_a_stopped_server_defers_and_gets_it_later(zabbix: Zabbix) -> None:
    sink, fired = sink_of(zabbix), alarm()
    zabbix.stop_server()
    with pytest.raises(Deferred, match=f"port {zabbix.port}"):
        sink.show(showing(fired))
    zabbix.start_server()
    sink.show(showing(fired))
    assert len(zabbix.problems(fired.alarm_id)) == 1


def test_wrong_settings_say_what_to_do(zabbix: Zabbix, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("0" * 64 + "\n")
    for changes, told in (
        ({"host": "nowhere"}, "link the template"),
        ({"key": "nowhere"}, "link the template"),
        ({"token_file": str(wrong)}, "token_file"),
        ({"api_url": zabbix.api_url.replace("api_jsonrpc", "nothing")}, "api_jsonrpc"),
    ):
        with pytest.raises(Refused, match=told):
            sink_of(zabbix, **changes).show(showing(alarm()))
    for changes in (
        {"port": free_port()},
        {"port": int(zabbix.api_url.split(":")[2][:5].strip("/"))},
    ):
        with pytest.raises(Deferred):
            sink_of(zabbix, timeout_s=2, **changes).show(showing(alarm()))
