"""Every reason, by a table; and that each of them has its consequence."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.hook.judge import SKEW, TREATMENTS, Circumstances, Last, Reason, Treatment, judge
from parsers.alarm import AlarmEvent, Mode
from tests.hook.site import HELPDESK, SITE, alarm, utc

NOW = utc()
USUAL = alarm(4, issued_at=NOW, expires_at=NOW + timedelta(hours=24))
GIVEN = Circumstances(
    sites=frozenset({SITE, "T2-EX"}), signed_by=frozenset({HELPDESK}), arrived_at=NOW
)
BEFORE = Last(3, NOW - timedelta(minutes=1))
SECOND = timedelta(seconds=1)
CASES: list[tuple[Reason, dict[str, Any], dict[str, Any]]] = [
    (Reason.NEW, {}, {}),
    (Reason.NEW, {}, {"last": BEFORE}),
    (Reason.NEW, {"site": "T2-EX"}, {}),
    (Reason.NEW, {"mode": Mode.EXERCISE}, {}),
    (Reason.NEW, {"alarm_id": "HELPDESK.example.org/1"}, {}),
    (Reason.TEST, {"mode": Mode.TEST}, {}),
    (Reason.HEARTBEAT, {"event": AlarmEvent.HEARTBEAT, "seq": 0}, {}),
    (Reason.HEARTBEAT, {"event": AlarmEvent.HEARTBEAT, "seq": 3}, {"last": BEFORE}),
    (Reason.OVERTAKEN, {"event": AlarmEvent.HEARTBEAT}, {"last": Last(1, NOW)}),
    (Reason.OTHER_HELPDESK, {}, {"signed_by": frozenset({"other.example.org"})}),
    (Reason.OTHER_HELPDESK, {"alarm_id": "900001"}, {}),
    (Reason.OTHER_HELPDESK, {"alarm_id": "helpdesk.example.org.evil.example/1"}, {}),
    (Reason.OTHER_SITE, {"site": "T1-EY"}, {}),
    (Reason.OTHER_SITE, {"site": "t1-ex"}, {}),
    (Reason.DUPLICATE, {}, {"nonces": {USUAL.nonce: USUAL.event_id}}),
    (Reason.REPLAYED, {}, {"nonces": {USUAL.nonce: "another"}}),
    (Reason.NEW, {}, {"arrived_at": NOW - SKEW}),
    (Reason.FROM_THE_FUTURE, {}, {"arrived_at": NOW - SKEW - SECOND}),
    (Reason.NEW, {}, {"arrived_at": NOW + timedelta(hours=24) + SKEW}),
    (Reason.EXPIRED, {}, {"arrived_at": NOW + timedelta(hours=24) + SKEW + SECOND}),
    (Reason.OVERTAKEN, {}, {"last": Last(5, NOW + SECOND)}),
    (Reason.OVERTAKEN, {}, {"last": Last(4, NOW)}),
    (Reason.WENT_BACK, {}, {"last": Last(5, NOW - SECOND)}),
    (Reason.WENT_BACK, {}, {"last": Last(4, NOW - SECOND)}),
]


@pytest.mark.parametrize(("reason", "changed", "given"), CASES)
def test_each_alarm_has_its_reason(
    reason: Reason, changed: dict[str, Any], given: dict[str, Any]
) -> None:
    assert judge(replace(USUAL, **changed), replace(GIVEN, **given)) is reason


def test_every_reason_has_a_treatment_and_what_is_refused_is_set_aside() -> None:
    assert set(TREATMENTS) == set(Reason)
    quiet = {Reason.NEW, Reason.TEST, Reason.HEARTBEAT, Reason.DUPLICATE, Reason.OVERTAKEN}
    loud = {reason for reason, one in TREATMENTS.items() if one is Treatment.SET_ASIDE}
    assert loud == set(Reason) - quiet
