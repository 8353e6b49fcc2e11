"""The supervisor starts its roles, says when all are ready, and restarts what dies."""

import os
import signal
import subprocess
import sys
from itertools import pairwise

from tests.daemon.served import Serve, wait_for


def test_one_ready_line_names_all_addresses_in_the_order_of_the_roles(serve: Serve) -> None:
    served = serve(
        doors={"code": 'link.ready(smtp="127.0.0.1:25", lmtp="unix:/l")\nlink.wait(60)'},
        work={"slots": 2},
        web={"code": 'link.ready(web="127.0.0.1:80")\nlink.wait(60)'},
    )
    assert served.ready() == "ready smtp=127.0.0.1:25 lmtp=unix:/l web=127.0.0.1:80\n"
    os.kill(served.pid("doors.0"), signal.SIGKILL)
    served.pid("doors.0", times=2)
    assert served.stop() == 0
    assert served.ready().count("ready") == 1


def test_nothing_is_ready_before_every_role_is(serve: Serve) -> None:
    served = serve(doors={}, work={"code": "signal.pause()"})
    wait_for(lambda: any(line["event"] == "role ready" for line in served.logged()))
    assert served.out.read_text() == ""
    deaf = served.pid("work.0")  # it has no ears for its link
    served.process.send_signal(signal.SIGTERM)
    os.kill(deaf, signal.SIGKILL)
    assert served.process.wait(60) == 0
    assert served.out.read_text() == ""


def test_a_dead_role_is_restarted_with_growing_pauses_and_the_others_go_on(serve: Serve) -> None:
    served = serve(
        doors={}, work={"code": 'link.ready(); note("at", time.monotonic()); os._exit(3)'}
    )
    times = [float(note.split()[-1]) for note in served.noted("work.0 at", times=4)]
    pauses = [after - before for before, after in pairwise(times)]
    assert all(pause >= least for pause, least in zip(pauses, (0.1, 0.2, 0.4), strict=False))
    assert len(served.notes("doors.0 start")) == 1
    ends = [line for line in served.logged() if line["event"] == "role ended"]
    assert ends[0]["how"] == "exit code 3"
    assert [line["wait_s"] for line in ends[:3]] == [0.1, 0.2, 0.4]
    assert served.stop() == 0


def test_a_signal_without_a_name_ends_only_the_role_that_it_hits(serve: Serve) -> None:
    served = serve(doors={}, work={})
    assert served.ready() == "ready\n"
    os.kill(served.pid("work.0"), 40)  # a real-time signal
    served.pid("work.0", times=2)
    assert [line["how"] for line in served.logged() if "how" in line] == ["signal 40"]
    assert served.stop() == 0


def test_the_back_off_starts_anew_after_a_settled_life(serve: Serve) -> None:
    served = serve({"SETTLED_AFTER_S": 0.0}, work={"code": "link.ready(); os._exit(3)"})
    served.pid("work.0", times=5)
    waits = [line["wait_s"] for line in served.logged() if line["event"] == "role ended"]
    assert set(waits) == {0.1}


def test_an_overdue_slot_is_killed_and_restarted_while_the_others_go_on(serve: Serve) -> None:
    work = """
    import json
    link.ready()
    if slot == "0" and not (here / "hung").exists():
        (here / "hung").touch()
        link.busy([7, 8], time.monotonic() - 9.5)
        while True:
            time.sleep(60)
    busy = {"report": "busy", "rows": [9], "deadline": time.monotonic() - 9.5}
    both = "".join(json.dumps(one) + "\\n" for one in (busy, {"report": "idle"}))
    os.write(link._report_fd, both.encode())  # at once: between two writes a machine may be slow
    link.wait(60)
    """
    served = serve(doors={}, work={"code": work, "slots": 2})
    assert served.ready() == "ready\n"
    served.pid("work.0", times=2)
    killed = [line for line in served.logged() if line["event"].startswith("role killed")]
    assert [(line["slot"], line["rows"]) for line in killed] == [(0, [7, 8])]
    assert len(served.notes("doors.0 start")) == len(served.notes("work.1 start")) == 1
    assert served.stop() == 0


def test_a_role_that_never_gets_ready_is_killed_and_then_everything_ends(serve: Serve) -> None:
    served = serve({"START_TIMEOUT_S": 0.5}, doors={"code": "link.wait(60); signal.pause()"})
    assert served.process.wait(60) == 1
    assert "doors: signal SIGKILL" in served.logged()[-1]["reason"]


def test_a_role_inherits_only_what_it_needs(serve: Serve) -> None:
    look = """
    child = subprocess.run(["ls", "/proc/self/fd"], stdout=subprocess.PIPE, close_fds=False)
    note("child", *child.stdout.decode().split())
    note("wiring", wiring)
    note("first", os.nice(0))
    print("said on standard output", flush=True)
    link.ready()
    while os.nice(0) == os.getpriority(os.PRIO_PROCESS, os.getppid()):
        link.wait(0.05)
    note("nice", os.nice(0))
    link.wait(60)
    """
    open_one = ("sh", "-c", 'exec 9</dev/null; exec "$@"', "sh")
    served = serve(argv=open_one, doors={"code": look, "nice": 5}, work={})
    assert served.ready() == "ready\n"
    assert served.noted("doors.0 child")[0].split()[2:] == ["0", "1", "2", "3"]  # 3 is its own
    assert "held=(" in served.notes("doors.0 wiring")[0]
    # it steps back when it is ready: a busy machine must not delay its start
    assert served.notes("doors.0 first") == [f"doors.0 first {os.nice(0)}"]
    assert served.noted("doors.0 nice") == [f"doors.0 nice {os.nice(0) + 5}"]
    assert served.stop() == 0


def test_closed_standard_streams_do_no_harm(serve: Serve) -> None:
    closing = ("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")
    served = serve(argv=closing, work={})
    served.pid("work.0")
    os.kill(served.pid("work.0"), signal.SIGKILL)
    served.pid("work.0", times=2)
    wait_for(lambda: served.notes("work.0 start"))
    assert served.stop() == 0


def test_the_reason_of_an_uncaught_error_is_in_the_log(serve: Serve) -> None:
    served = serve(work={"code": 'raise RuntimeError("no schema\\nforged")'})
    assert served.process.wait(60) == 1
    assert served.logged()[-1]["reason"] == "work: no schema\nforged"


def test_a_machine_without_room_for_a_process_is_a_failed_start() -> None:
    program = """
import os
from gateway.processes.logs import configure_logging
from gateway.processes.slot import Role
from gateway.processes.supervisor import Supervisor
configure_logging()
def no_room():
    raise BlockingIOError(11, "Resource temporarily unavailable")
os.fork = no_room
raise SystemExit(Supervisor(lambda *_: 0, [Role("work")]).run())
"""
    argv = [sys.executable, "-c", program]
    done = subprocess.run(argv, capture_output=True, timeout=60, check=False)
    assert done.returncode == 1
    assert b"work: [Errno 11] Resource temporarily unavailable" in done.stderr
