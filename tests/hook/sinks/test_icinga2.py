"""Icinga 2 shows what it is told, and calls the hook for what people do."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.hook.sinks.icinga2 import ICINGA2
from gateway.hook.sinks.icinga2 import Icinga2 as Sink2
from gateway.hook.sinks.sink import Sink
from parsers.alarm import Alarm, AlarmStatus, Mode, Severity
from parsers.errors import Deferred, Refused
from tests.hook.sinks.alarms import HOSTILE, acknowledged, alarm, later, resolved, showing
from tests.monitoring.icinga2 import Icinga2
from tests.monitoring.programs import SITE
from tests.ports import free_port


def sink_of(icinga2: Icinga2, **changes: Any) -> Sink:
    settings = {
        "url": icinga2.url,
        "user": "ticketgate-hook",
        "password_file": str(icinga2.password_file),
        "ca_file": str(icinga2.ca_file),
    }
    return ICINGA2.make(settings | changes, SITE)


def name_of(alarm: Alarm) -> str:
    return f"{SITE}!alarm-{alarm.ticket}"


def test_an_alarm_is_a_service_that_is_critical_until_it_is_resolved(icinga2: Icinga2) -> None:
    sink, fired = sink_of(icinga2), alarm()
    assert sink.show(showing(fired)) == f"{name_of(fired)}: CRITICAL"
    service = icinga2.service(name_of(fired))
    assert service["state"] == 2
    assert service["last_check_result"]["output"] == (
        f"CRITICAL - {fired.ticket}.1 CRITICAL cms: SRM endpoint down"
    )
    assert service["notes_url"] == fired.url
    assert service["vars"] == {
        "alarm_id": fired.alarm_id,
        "alarm_vo": "cms",
        "alarm_document": f"1.{fired.event_id}",
    }
    sink.show(showing(resolved(fired)))
    assert icinga2.service(name_of(fired))["state"] == 0


def test_severities_have_their_states(icinga2: Icinga2) -> None:
    sink = sink_of(icinga2)
    for fields, state in (
        ({"severity": Severity.MAJOR}, 2),
        ({"severity": Severity.MINOR}, 1),
        ({"severity": Severity.INFO}, 0),
        ({"mode": Mode.TEST}, 0),
        ({"mode": Mode.EXERCISE}, 2),
    ):
        one = alarm(**fields)
        sink.show(showing(one))
        assert icinga2.service(name_of(one))["state"] == state, fields


def test_two_alarms_are_two_services_and_one_is_closed_alone(icinga2: Icinga2) -> None:
    sink, first, second = sink_of(icinga2), alarm(), alarm(vo="atlas")
    sink.show(showing(first))
    sink.show(showing(second, first))
    sink.show(showing(resolved(first), second))
    assert icinga2.service(name_of(first))["state"] == 0
    assert icinga2.service(name_of(second))["state"] == 2


def test_showing_again_changes_nothing_and_a_newer_document_pages_again(icinga2: Icinga2) -> None:
    sink, fired = sink_of(icinga2), alarm()
    sink.show(showing(fired))
    before = icinga2.service(name_of(fired))
    assert sink.show(showing(fired)) == f"{name_of(fired)}: was shown before"
    after = icinga2.service(name_of(fired))
    assert after["last_check"] == before["last_check"]
    assert after["last_check_result"] == before["last_check_result"]
    sink.show(showing(later(fired, AlarmStatus.FIRING)))
    assert icinga2.service(name_of(fired))["last_check"] > before["last_check"]
    assert f"{fired.ticket}.2" in icinga2.service(name_of(fired))["last_check_result"]["output"]


def test_what_broke_off_half_way_is_finished(
    icinga2: Icinga2, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, fired = sink_of(icinga2), alarm()
    with monkeypatch.context() as broken:
        broken.setattr(Sink2, "_draw", lambda *_: 1 / 0)  # as a kill in the middle would
        with pytest.raises(ZeroDivisionError):
            sink.show(showing(fired))
    assert icinga2.service(name_of(fired))["state"] != 2
    sink.show(showing(fired))
    assert icinga2.service(name_of(fired))["state"] == 2


def test_a_service_that_is_made_at_the_same_time_by_another_is_taken(icinga2: Icinga2) -> None:
    sink, fired = sink_of(icinga2), alarm()
    path = f"/v1/objects/services/{SITE}!alarm-{fired.ticket}"
    icinga2.ask("PUT", path, {"templates": ["alarm-ticket"], "attrs": {}})
    assert isinstance(sink, Sink2)
    sink._create(fired, path)  # what it does when it has not seen the other
    sink.show(showing(fired))
    assert icinga2.service(name_of(fired))["state"] == 2


def test_a_hook_that_lost_its_memory_is_shown_again(icinga2: Icinga2) -> None:
    sink, fired = sink_of(icinga2), alarm()
    sink.show(showing(later(fired, AlarmStatus.RESOLVED)))
    sink.show(showing(fired))
    sink.show(showing(resolved(fired)))
    sink.show(showing(replace(fired, event_id="another")))
    assert icinga2.service(name_of(fired))["state"] == 2


def test_what_an_operator_closed_is_heard_and_not_opened_again(icinga2: Icinga2) -> None:
    sink, fired = sink_of(icinga2), alarm()
    sink.show(showing(fired))
    icinga2.act("process-check-result", name_of(fired), exit_status=0, plugin_output="fixed")
    icinga2.recorder.heard("RECOVERY", alarm=fired.alarm_id)
    sink.show(showing(fired))
    assert icinga2.service(name_of(fired))["state"] == 0
    sink_of(icinga2, keep_resolved_hours=0).show(showing(alarm(), fired))
    assert icinga2.service(name_of(fired)), "it is open, so it is not swept away"
    sink.show(showing(resolved(fired)))


def test_an_acknowledged_alarm_is_acknowledged_and_fires_again(icinga2: Icinga2) -> None:
    sink, fired = sink_of(icinga2), alarm()
    sink.show(showing(fired))
    cared = acknowledged(fired)
    for _ in range(2):
        sink.show(showing(cared))
        service = icinga2.service(name_of(fired))
        assert (service["state"], service["acknowledgement"]) == (2, 2)
    again = later(cared, AlarmStatus.FIRING)
    sink.show(showing(again))
    assert icinga2.service(name_of(fired))["acknowledgement"] == 0
    first_heard = acknowledged(alarm())
    sink.show(showing(first_heard))
    assert icinga2.service(name_of(first_heard))["acknowledgement"] == 2
    sink.show(showing(acknowledged(alarm(severity=Severity.INFO))))  # a good one has no problem
    told = [one["by"] for one in icinga2.recorder.calls() if one["event"] == "ACKNOWLEDGEMENT"]
    assert "helpdesk" not in told


def test_a_person_who_acknowledges_is_heard_with_name_and_words(icinga2: Icinga2) -> None:
    sink, fired = sink_of(icinga2), alarm()
    sink.show(showing(fired))
    comment = "--by=me 'on it' \"now\" `id` $(id) $service.name$; \\ über\nnext line"
    icinga2.act(
        "acknowledge-problem", name_of(fired), author="Erika Example", comment=comment, notify=True
    )
    call = icinga2.recorder.heard("ACKNOWLEDGEMENT", alarm=fired.alarm_id, by="Erika Example")
    assert call["comment"] == comment
    sink.show(showing(acknowledged(fired)))
    assert icinga2.service(name_of(fired))["acknowledgement"] == 1  # the person's own stays


def test_a_resolved_alarm_is_deleted_after_a_while_and_no_other(icinga2: Icinga2) -> None:
    sink, swift = sink_of(icinga2), sink_of(icinga2, keep_resolved_hours=0)
    over, fresh = alarm(), alarm()
    sink.show(showing(over))
    done = resolved(over)
    sink.show(showing(done))
    sink.show(showing(fresh))
    assert icinga2.service(name_of(over))
    swift.show(showing(later(fresh, AlarmStatus.FIRING)))
    assert icinga2.service(name_of(over)) == {}
    assert icinga2.service(name_of(fresh))["state"] == 2
    icinga2.recorder.heard("RECOVERY", alarm=over.alarm_id)
    assert sink.show(showing(done)) == f"{name_of(over)}: is not there any more"


def test_a_hostile_summary_is_one_text(icinga2: Icinga2) -> None:
    sink, fired = sink_of(icinga2), alarm(summary=HOSTILE, vo=HOSTILE[:90], url="https://x/$a$")
    sink.show(showing(fired))
    service = icinga2.service(name_of(fired))
    for text in (service["display_name"], service["last_check_result"]["output"]):
        assert text.isprintable()
        assert "$" not in text
    assert service["last_check_result"]["performance_data"] in (None, [])
    icinga2.act("acknowledge-problem", name_of(fired), author="x", comment="y", notify=True)
    icinga2.recorder.heard("ACKNOWLEDGEMENT", alarm=fired.alarm_id)


def test_a_stopped_icinga_defers_and_gets_it_later(icinga2: Icinga2) -> None:
    sink, before, fired = sink_of(icinga2), alarm(), alarm()
    sink.show(showing(before))
    icinga2.stop()
    with pytest.raises(Deferred, match=icinga2.url):
        sink.show(showing(fired, before))
    icinga2.start()
    sink.show(showing(fired, before))
    assert icinga2.service(name_of(fired))["state"] == 2
    assert icinga2.service(name_of(before))["state"] == 2
    assert sink.show(showing(before, fired)) == f"{name_of(before)}: was shown before"


def test_wrong_settings_are_refused_with_what_to_do(icinga2: Icinga2, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("wrong\n")
    for changes, told in (
        ({"password_file": str(wrong)}, "password_file"),
        ({"host": "nowhere"}, "look at host"),
        ({"template": "nowhere"}, "template"),
        ({"ca_file": None, "verify": False, "user": "nobody"}, "ApiUser"),
        ({"ca_file": "/etc/ssl/certs/ca-certificates.crt"}, "ca_file"),
        ({"url": f"https://127.0.0.1:{icinga2.port}"}, "the name in it"),
    ):
        with pytest.raises(Refused, match=told):
            sink_of(icinga2, **changes).show(showing(alarm()))
    with pytest.raises(Deferred):
        sink_of(icinga2, url=f"https://localhost:{free_port()}").show(showing(alarm()))


def test_without_verification_it_has_to_be_said(icinga2: Icinga2) -> None:
    with pytest.raises(Refused, match="ca_file is missing"):
        sink_of(icinga2, ca_file=None)
    fired = alarm()
    sink_of(icinga2, ca_file=None, verify=False).show(showing(fired))
    assert icinga2.service(name_of(fired))["state"] == 2
