from datetime import timedelta

from gateway.outbound.pace import GATE_WAITS_S, STRIKES, Gate, row_wait
from tests.outbound.rows import NOW, FakeTime


def test_a_row_waits_longer_each_time_and_never_more_than_four_hours() -> None:
    waits = [row_wait(attempts, 2, 0).total_seconds() / 60 for attempts in range(1, 12)]
    assert waits == [1, 2, 5, 15, 30, 60, 120, 240, 240, 240, 240]
    assert row_wait(0, 2, 0) == row_wait(1, 2, 0)
    assert timedelta(minutes=1) < row_wait(1, 2, 0.99) < timedelta(minutes=1.2)


def test_an_alarm_is_tried_again_within_minutes() -> None:
    assert max(row_wait(attempts, 0, 0.99) for attempts in range(99)) < timedelta(minutes=6.1)
    assert row_wait(1, 0, 0) == timedelta(seconds=15)


def test_a_gate_closes_longer_each_time_and_opens_with_the_first_mail_taken() -> None:
    now = FakeTime()
    gate = Gate(now)
    for wait_s in (*GATE_WAITS_S, GATE_WAITS_S[-1]):
        gate.down()
        assert gate.closed
        assert gate.opens_at == now() + timedelta(seconds=wait_s)
        assert not gate.may_probe()
        now.pass_by(seconds=wait_s)
        assert gate.may_probe()
    gate.took()
    assert not gate.closed
    gate.down()
    assert gate.opens_at == now() + timedelta(seconds=GATE_WAITS_S[0])


def test_mails_that_fail_together_count_once() -> None:
    gate = Gate(FakeTime())
    for _ in range(8):
        gate.down()
    assert gate.opens_at == NOW + timedelta(seconds=GATE_WAITS_S[0])


def test_single_temporary_refusals_leave_the_gate_open_but_a_row_of_them_closes_it() -> None:
    gate = Gate(FakeTime())
    for _ in range(STRIKES - 1):
        gate.strike()
    assert not gate.closed
    gate.took()
    gate.strike()
    assert not gate.closed
    for _ in range(STRIKES - 1):
        gate.strike()
    assert gate.closed
