"""Alertmanager shows what it is told, and is asked for its silences."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from running import until

from gateway.hook.sinks.alertmanager import ALERTMANAGER, CREATED_BY
from gateway.hook.sinks.sink import Sink
from parsers.alarm import AlarmStatus
from parsers.alarm_answer import AnswerEvent
from parsers.errors import Deferred, Refused
from tests.hook.sinks.alarms import HOSTILE, acknowledged, alarm, later, resolved, showing
from tests.monitoring.alertmanager import Alertmanager
from tests.monitoring.fixtures import an_alertmanager
from tests.monitoring.programs import SITE
from tests.ports import free_port


@pytest.fixture(scope="module")
def alertmanager() -> Iterator[Alertmanager]:
    """One of its own: the others' alarms would be seen here."""
    with an_alertmanager() as server:
        yield server


def sink_of(alertmanager: Alertmanager, **changes: Any) -> Sink:
    return ALERTMANAGER.make(
        {"url": alertmanager.url, "labels": {"severity": "critical"}} | changes, SITE
    )


def test_an_alarm_is_active_and_pages_until_it_is_resolved(alertmanager: Alertmanager) -> None:
    sink, fired = sink_of(alertmanager), alarm()
    sink.show(showing(fired))
    (alert,) = alertmanager.alerts(fired.alarm_id)
    assert alert["status"]["state"] in {"active", "unprocessed"}
    assert alert["startsAt"].startswith(f"{fired.starts_at:%Y-%m-%dT%H:%M:%S}")
    assert alert["endsAt"].startswith("2099")
    assert alert["labels"] == {
        "alertname": "AlarmTicket", "alarm_id": fired.alarm_id, "site": SITE,
        "severity": "critical",
    }  # fmt: skip
    until(lambda: alertmanager.pages.about(fired.alarm_id) == ["firing"], "the page")
    sink.show(showing(resolved(fired)))
    assert alertmanager.alerts(fired.alarm_id) == []
    until(lambda: alertmanager.pages.about(fired.alarm_id) == ["firing", "resolved"], "its end")
    last = [one for one in alertmanager.pages.got
            if one["commonLabels"].get("alarm_id") == fired.alarm_id][-1]  # fmt: skip
    assert last["commonAnnotations"]["summary"] == "SRM endpoint down"


def test_two_alarms_and_a_newer_document_are_two_alerts(alertmanager: Alertmanager) -> None:
    sink, first, second = sink_of(alertmanager), alarm(), alarm(vo="atlas")
    sink.show(showing(first))
    sink.show(showing(second, first))
    newer = later(first, AlarmStatus.FIRING)
    sink.show(showing(newer, second))
    for one in (first, second):
        assert len(alertmanager.alerts(one.alarm_id)) == 1
    sink.show(showing(resolved(newer), second))
    assert alertmanager.alerts(first.alarm_id) == []
    assert len(alertmanager.alerts(second.alarm_id)) == 1


def test_showing_again_changes_nothing(alertmanager: Alertmanager) -> None:
    sink, fired = sink_of(alertmanager), alarm()
    sink.show(showing(fired))
    (before,) = alertmanager.alerts(fired.alarm_id)
    until(lambda: alertmanager.pages.about(fired.alarm_id), "the page")
    for _ in range(3):
        sink.show(showing(fired))
    (after,) = alertmanager.alerts(fired.alarm_id)
    assert {k: after[k] for k in ("labels", "annotations", "startsAt", "endsAt")} == {
        k: before[k] for k in ("labels", "annotations", "startsAt", "endsAt")
    }
    other = alarm()
    sink.show(showing(other, fired))
    until(lambda: alertmanager.pages.about(other.alarm_id), "a page that came later")
    assert alertmanager.pages.about(fired.alarm_id) == ["firing"]


def test_what_a_restart_lost_is_there_again_with_the_next_showing(
    alertmanager: Alertmanager,
) -> None:
    sink, first, second = sink_of(alertmanager), alarm(), alarm()
    sink.show(showing(first))
    alertmanager.stop()
    with pytest.raises(Deferred, match=alertmanager.url):
        sink.show(showing(second, first))
    alertmanager.start()
    assert alertmanager.alerts(first.alarm_id) == []
    sink.show(showing(second, first))
    assert len(alertmanager.alerts(first.alarm_id)) == 1
    assert len(alertmanager.alerts(second.alarm_id)) == 1


def test_an_acknowledged_alarm_is_silenced_until_it_fires_again(
    alertmanager: Alertmanager,
) -> None:
    sink, fired = sink_of(alertmanager), alarm()
    cared = acknowledged(fired)
    for _ in range(2):
        sink.show(showing(cared))
        (silence,) = until(lambda: alertmanager.silences(fired.alarm_id), "a silence")
        until(lambda: alertmanager.alerts(fired.alarm_id)[0]["status"]["silencedBy"], "silenced")
    assert silence["createdBy"] == CREATED_BY
    assert list(sink.heard([fired])) == []  # what the helpdesk said itself is no answer
    again = later(cared, AlarmStatus.FIRING)
    sink.show(showing(again))
    assert alertmanager.silences(fired.alarm_id) == []
    sink.show(showing(acknowledged(again)))
    sink.show(showing(resolved(acknowledged(again))))
    assert alertmanager.silences(fired.alarm_id) == []


def test_a_silence_of_a_person_is_heard_as_an_acknowledgement(alertmanager: Alertmanager) -> None:
    sink, fired, other = sink_of(alertmanager), alarm(), alarm()
    sink.show(showing(fired))
    sink.show(showing(other, fired))
    assert list(sink.heard([fired, other])) == []
    alertmanager.silence(fired.alarm_id, "Erika Example", "on it,\n  give me an hour")
    until(lambda: alertmanager.alerts(fired.alarm_id)[0]["status"]["silencedBy"], "silenced")
    (answer,) = sink.heard([fired, other])
    assert (answer.event, answer.alarm_id, answer.seq) == (AnswerEvent.ACK, fired.alarm_id, 1)
    assert (answer.by, answer.comment) == ("Erika Example", "on it, give me an hour")
    cared = acknowledged(fired)
    sink.show(showing(cared, other))
    assert len(alertmanager.silences(fired.alarm_id)) == 1  # the person's stays alone
    assert list(sink.heard([cared, other])) == []
    sink.show(showing(resolved(cared), other))
    assert len(alertmanager.silences(fired.alarm_id)) == 1


def test_a_hostile_summary_is_a_text_and_nothing_else(alertmanager: Alertmanager) -> None:
    sink, fired = sink_of(alertmanager), alarm(summary=HOSTILE, description=HOSTILE, vo="")
    sink.show(showing(fired))
    (alert,) = alertmanager.alerts(fired.alarm_id)
    assert alert["annotations"]["description"] == HOSTILE
    assert set(alert["labels"]) == {"alertname", "alarm_id", "site", "severity"}
    assert "\n" not in alert["annotations"]["summary"]
    assert "Störung 故障" in alert["annotations"]["summary"]


@pytest.mark.parametrize("ahead", [timedelta(seconds=2), timedelta(hours=1)])
def test_a_clock_that_is_ahead_holds_up_neither_an_alarm_nor_its_end(
    alertmanager: Alertmanager, ahead: timedelta
) -> None:
    sink, fired = sink_of(alertmanager), alarm()
    fired = replace(
        fired, starts_at=fired.issued_at + ahead, updated_at=fired.issued_at + ahead,
        issued_at=fired.issued_at + ahead,
    )  # fmt: skip
    sink.show(showing(fired))
    assert len(alertmanager.alerts(fired.alarm_id)) == 1
    sink.show(showing(resolved(fired)))
    assert alertmanager.alerts(fired.alarm_id) == []


def test_an_end_that_does_nothing_is_not_taken_for_one(
    alertmanager: Alertmanager, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink, fired = sink_of(alertmanager, timeout_s=5.0), alarm()
    sink.show(showing(fired))
    over = replace(resolved(fired), ends_at=fired.issued_at + timedelta(hours=1))
    monkeypatch.setattr(  # the hook's own clock is ahead
        "gateway.hook.sinks.alertmanager.utc_now", lambda: datetime.now(UTC) + timedelta(hours=2)
    )
    with pytest.raises(Deferred, match="still listed"):
        sink.show(showing(over))
    monkeypatch.undo()
    sink.show(showing(over))
    assert alertmanager.alerts(fired.alarm_id) == []


def test_a_wrong_address_says_what_to_do(alertmanager: Alertmanager) -> None:
    with pytest.raises(Refused, match="without /api"):
        sink_of(alertmanager, url=f"{alertmanager.url}/api").show(showing(alarm()))
    with pytest.raises(Deferred):
        sink_of(alertmanager, url=f"http://127.0.0.1:{free_port()}").show(showing(alarm()))
