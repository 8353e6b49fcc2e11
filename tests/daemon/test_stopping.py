"""The supervisor stops its roles in order, and nothing outlives it."""

import os
import signal

from tests.daemon.served import DOOR, Serve, is_alive, wait_for
from tests.ports import free_port


def test_roles_stop_in_order_and_the_exit_is_clean(serve: Serve) -> None:
    served = serve(
        web={"stop_order": 3},
        courier={"stop_order": 2},
        work={"stop_order": 1, "slots": 2},
        doors={"stop_order": 0},
    )
    served.ready()
    assert served.stop() == 0
    stops = [note.partition(".")[0] for note in served.notes() if note.endswith("stop")]
    assert stops == ["doors", "work", "work", "courier", "web"]


def test_an_interrupt_from_the_terminal_reaches_the_roles_in_order(serve: Serve) -> None:
    served = serve(argv=("setsid",), doors={}, courier={"stop_order": 1})
    served.ready()
    os.killpg(served.process.pid, signal.SIGINT)
    assert served.process.wait(60) == 0
    assert [note.split()[0] for note in served.notes() if note.endswith("stop")] == [
        "doors.0",
        "courier.0",
    ]
    ends = [
        line["event"] for line in served.logged() if line["event"] in {"stopping", "role ended"}
    ]
    assert ends == ["stopping", "role ended", "role ended"]


def test_a_halted_role_is_let_go_on_to_stop(serve: Serve) -> None:
    served = serve(work={"grace_s": 60.0})
    served.ready()
    os.kill(served.pid("work.0"), signal.SIGSTOP)
    assert served.stop() == 0
    assert served.notes("work.0 stop")


def test_a_role_that_does_not_stop_is_killed_after_its_grace(serve: Serve) -> None:
    served = serve(work={"code": "link.ready()\nwhile True: time.sleep(60)", "grace_s": 0.3})
    served.ready()
    assert served.stop() == 0
    assert any("did not stop" in line["event"] for line in served.logged())


def test_a_second_signal_ends_everything_at_once(serve: Serve) -> None:
    served = serve(work={"code": "link.ready()\nwhile True: time.sleep(60)", "grace_s": 100.0})
    served.ready()

    def ask_again() -> bool:
        served.process.send_signal(signal.SIGTERM)
        return served.process.poll() is not None

    wait_for(ask_again)
    assert served.process.returncode == 1
    assert not is_alive(served.pid("work.0"))


def test_nothing_outlives_a_killed_supervisor_and_the_next_one_serves(serve: Serve) -> None:
    door = DOOR.replace("PORT", str(free_port()))
    roles = {"doors": {"code": door}, "work": {"slots": 2}}
    served = serve(**{name: dict(role) for name, role in roles.items()})
    first = served.ready()
    pids = [served.pid(slot) for slot in ("doors.0", "work.0", "work.1")]
    os.kill(pids[1], signal.SIGSTOP)
    served.process.kill()
    again = serve(**{name: dict(role) for name, role in roles.items()})
    assert again.ready() == first
    assert not any(is_alive(pid) for pid in pids)
    assert again.stop() == 0
