"""Nagios shows what it is told, and calls the hook for what people do."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from running import until

from gateway.hook.sinks.nagios import NAGIOS
from gateway.hook.sinks.nagios import Nagios as NagiosSink
from gateway.hook.sinks.nagios_lines import picture
from gateway.hook.sinks.sink import Sink
from parsers.alarm import Severity
from parsers.errors import Deferred, Refused
from tests.hook.sinks.alarms import HOSTILE, acknowledged, alarm, resolved, showing
from tests.monitoring.nagios import Nagios
from tests.monitoring.programs import SITE


def sink_of(nagios: Nagios, **changes: Any) -> Sink:
    settings = {
        "command_file": str(nagios.command_file),
        "status_file": str(nagios.status_file),
    }
    return NAGIOS.make(settings | changes, SITE)


def test_an_alarm_is_critical_until_it_is_resolved(nagios: Nagios) -> None:
    sink, fired = sink_of(nagios), alarm()
    assert sink.show(showing(fired)) == f"{SITE}/alarm-tickets: CRITICAL"
    service = nagios.service()
    assert service["current_state"] == "2"
    assert service["plugin_output"] == (
        f"CRITICAL - 1 open: {fired.ticket}.1 CRITICAL cms: SRM endpoint down"
    )
    assert sink.show(showing(resolved(fired))) == f"{SITE}/alarm-tickets: OK"
    assert nagios.service()["current_state"] == "0"
    assert fired.ticket in nagios.service()["plugin_output"]


def test_one_service_holds_all_open_alarms_and_shows_the_worst(nagios: Nagios) -> None:
    sink = sink_of(nagios)
    minor, major = alarm(severity=Severity.MINOR), alarm(severity=Severity.MAJOR, vo="atlas")
    sink.show(showing(minor))
    assert nagios.service()["current_state"] == "1"
    sink.show(showing(major, minor))
    service = nagios.service()
    assert service["current_state"] == "2"
    assert service["plugin_output"].startswith("CRITICAL - 2 open: ")
    assert minor.ticket in service["plugin_output"]
    assert major.ticket in service["plugin_output"]
    sink.show(showing(resolved(major), minor))
    assert nagios.service()["current_state"] == "1"
    assert nagios.service()["plugin_output"].startswith("WARNING - 1 open: ")
    sink.show(showing(resolved(minor)))
    assert nagios.service()["current_state"] == "0"


def test_showing_again_changes_nothing_and_pages_nobody(nagios: Nagios) -> None:
    sink, fired = sink_of(nagios), alarm()
    sink.show(showing(fired))
    nagios.recorder.heard("PROBLEM")
    before, log = nagios.service(), nagios.log()
    assert sink.show(showing(fired)) == f"{SITE}/alarm-tickets: was shown before"
    assert nagios.service()["last_check"] == before["last_check"]
    assert nagios.log() == log
    sink.show(showing(resolved(fired)))


def test_what_an_operator_closed_is_not_opened_again_by_the_same_document(nagios: Nagios) -> None:
    sink, fired = sink_of(nagios), alarm()
    sink.show(showing(fired))
    until(lambda: nagios.service()["_ALARM_SHOWN"] != "0;none", "the mark is there")
    wanted = picture(showing(fired)).mark
    until(lambda: nagios.service()["_ALARM_SHOWN"].endswith(wanted), "the mark is ours")
    nagios.command(f"PROCESS_SERVICE_CHECK_RESULT;{SITE};alarm-tickets;0;fixed by hand")
    until(lambda: nagios.service()["plugin_output"] == "fixed by hand", "the operator's word")
    nagios.recorder.heard("RECOVERY", alarm="all")
    sink.show(showing(fired))
    assert nagios.service()["plugin_output"] == "fixed by hand"
    sink.show(showing(resolved(fired)))


def test_an_acknowledged_alarm_is_acknowledged_and_a_new_one_pages(nagios: Nagios) -> None:
    sink, first, second = sink_of(nagios), alarm(), alarm()
    sink.show(showing(first))
    cared = acknowledged(first)
    sink.show(showing(cared))
    service = nagios.service()
    assert (service["current_state"], service["problem_has_been_acknowledged"]) == ("2", "1")
    assert service["plugin_output"].endswith("(acknowledged)")
    pages = len([one for one in nagios.recorder.calls() if one["event"] == "PROBLEM"])
    sink.show(showing(second, cared))
    assert nagios.service()["problem_has_been_acknowledged"] == "0"
    until(
        lambda: len([1 for one in nagios.recorder.calls() if one["event"] == "PROBLEM"]) > pages,
        "the second alarm pages",
    )
    assert not [one for one in nagios.recorder.calls() if one["event"] == "ACKNOWLEDGEMENT"
                and one["by"] == "helpdesk"]  # fmt: skip
    sink.show(showing(resolved(first), second))
    sink.show(showing(resolved(second)))


def test_an_ok_at_the_moment_of_the_acknowledgement_does_not_hold_it_up(
    nagios: Nagios, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, fired = sink_of(nagios), alarm()
    sink.show(showing(fired))
    write = NagiosSink._write
    repaired = [f"PROCESS_SERVICE_CHECK_RESULT;{SITE};alarm-tickets;0;repaired"]

    def beside_an_operator(mine: NagiosSink, orders: Sequence[str]) -> None:
        while repaired:
            nagios.command(repaired.pop())
        write(mine, orders)

    monkeypatch.setattr(NagiosSink, "_write", beside_an_operator)
    sink.show(showing(acknowledged(fired)))
    assert nagios.service()["problem_has_been_acknowledged"] == "1"
    sink.show(showing(resolved(acknowledged(fired))))


def test_an_alarm_that_is_first_heard_of_as_acknowledged_is_acknowledged(nagios: Nagios) -> None:
    for status_file in (str(nagios.status_file), None):
        sink, fired = sink_of(nagios, status_file=status_file), alarm()
        sink.show(showing(acknowledged(fired)))
        until(
            lambda fired=fired: (
                fired.ticket in nagios.service()["plugin_output"]
                and nagios.service()["problem_has_been_acknowledged"] == "1"
            ),
            "acknowledged",
        )
        sink_of(nagios).show(showing(resolved(resolved(fired))))


def test_a_person_who_acknowledges_is_heard_with_name_and_words(nagios: Nagios) -> None:
    sink, fired = sink_of(nagios), alarm()
    sink.show(showing(fired))
    words = "on it `touch x` $(id) 'quoted' \"twice\" --by=me \\"
    nagios.command(f"ACKNOWLEDGE_SVC_PROBLEM;{SITE};alarm-tickets;2;1;0;Erika Example;{words}")
    call = nagios.recorder.heard("ACKNOWLEDGEMENT", alarm="all", by="Erika Example")
    assert call["comment"].startswith("on it touch x (id) quoted twice --by=me")
    sink.show(showing(resolved(fired)))


def test_a_hostile_summary_is_one_line_of_one_command(nagios: Nagios) -> None:
    sink, fired = sink_of(nagios), alarm(summary=HOSTILE, vo=HOSTILE)
    sink.show(showing(fired))
    service = nagios.service()
    assert service["current_state"] == "2"
    assert service["performance_data"] == ""
    assert "forged" not in service["plugin_output"] or "SHUTDOWN" in service["plugin_output"]
    assert not set(service["plugin_output"]) & set("$`'\"|\\<>&~;")
    assert "SHUTDOWN_PROGRAM;" not in nagios.log()
    many = [alarm(summary=HOSTILE) for _ in range(40)]
    sink.show(showing(fired, *many))
    assert nagios.service()["plugin_output"].startswith("CRITICAL - 41 open: ")
    assert nagios.service()["plugin_output"].endswith(" more")
    sink.show(showing(resolved(fired)))


def test_a_stopped_nagios_defers_and_gets_it_later(nagios: Nagios) -> None:
    sink, fired = sink_of(nagios), alarm()
    nagios.stop()
    for shown in (sink, sink_of(nagios, status_file=None)):
        with pytest.raises(Deferred, match="running"):
            shown.show(showing(fired))
    nagios.start()
    sink.show(showing(fired))
    assert fired.ticket in nagios.service()["plugin_output"]
    sink.show(showing(resolved(fired)))


def test_a_wrong_name_is_refused_with_what_to_do(nagios: Nagios) -> None:
    for changes in ({"service": "nowhere"}, {"host": "nowhere"}):
        with pytest.raises(Refused, match="define it"):
            sink_of(nagios, **changes).show(showing(alarm()))


def test_a_plain_file_in_place_of_the_pipe_is_refused_and_not_written(tmp_path: Path) -> None:
    path = tmp_path / "nagios.cmd"
    sink = NAGIOS.make({"command_file": str(path)}, SITE)
    with pytest.raises(Deferred, match="check_external_commands"):
        sink.show(showing(alarm()))
    path.write_text("")
    with pytest.raises(Refused, match="delete it"):
        sink.show(showing(alarm()))
    assert path.read_text() == ""
