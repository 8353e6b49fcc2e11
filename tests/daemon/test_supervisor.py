import os
import signal
import socket
import subprocess
import sys
import time
from itertools import pairwise

from tests.daemon.served import Serve, is_alive, wait_for

DOOR = """
with socket.create_server(("127.0.0.1", PORT)) as door:
    link.ready(smtp=f"127.0.0.1:{door.getsockname()[1]}")
    while not link.stopping:
        link.wait(60)
    note("stop")
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as door:
        return door.getsockname()[1]


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
    assert served.process.wait(20) == 0
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


def test_the_back_off_starts_anew_after_a_settled_life(serve: Serve) -> None:
    served = serve({"SETTLED_AFTER_S": 0.0}, work={"code": "link.ready(); os._exit(3)"})
    served.pid("work.0", times=5)
    waits = [line["wait_s"] for line in served.logged() if line["event"] == "role ended"]
    assert set(waits) == {0.1}


def test_an_overdue_slot_is_killed_and_restarted_while_the_others_go_on(serve: Serve) -> None:
    work = """
    link.ready()
    if slot == "0":
        link.busy([7, 8], time.monotonic() - 9.5)
        if not (here / "hung").exists():
            (here / "hung").touch()
            while True:
                time.sleep(60)
        link.idle()
    if slot == "1":
        link.busy([9], time.monotonic() - 9.5)
        link.idle()
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
    assert served.process.wait(20) == 1
    assert "doors: signal SIGKILL" in served.logged()[-1]["reason"]


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
    assert served.process.wait(20) == 0
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


def test_a_port_in_use_ends_the_start_with_its_message(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        served = serve(doors={"code": DOOR.replace("PORT", str(port))}, work={})
        assert served.process.wait(20) == 1
    assert "Address already in use" in served.logged()[-1]["reason"]
    assert served.logged()[-1]["reason"].startswith("doors:")
    assert len(served.notes("doors.0 start")) == 3
    assert served.out.read_text() == ""
    assert served.notes("work.0 stop")


def test_a_port_that_becomes_free_in_time_is_taken(serve: Serve) -> None:
    other = socket.create_server(("127.0.0.1", 0))
    served = serve(doors={"code": DOOR.replace("PORT", str(other.getsockname()[1]))})
    served.pid("doors.0")
    other.close()
    assert served.ready().startswith("ready smtp=")
    assert served.stop() == 0


def test_a_halted_supervisor_kills_nobody_when_it_goes_on(serve: Serve) -> None:
    work = """
    signal.signal(signal.SIGUSR1, lambda *_: link.idle())
    signal.signal(signal.SIGUSR2, lambda *_: note("alive", os.getpid()))
    link.ready()
    link.busy([1], time.monotonic() - 9)
    note("busy")
    while not link.stopping:
        link.wait(60)
    """
    served = serve({"PAUSE_S": 0.3, "TICK_S": 0.05}, work={"code": work})
    served.ready()
    served.noted("work.0 busy")
    served.process.send_signal(signal.SIGSTOP)
    overdue_at = time.monotonic() + 2.0
    wait_for(lambda: time.monotonic() > overdue_at)
    served.process.send_signal(signal.SIGCONT)
    os.kill(served.pid("work.0"), signal.SIGUSR1)
    os.kill(served.pid("work.0"), signal.SIGUSR2)
    served.noted("work.0 alive")
    assert served.stop() == 0
    assert len(served.notes("work.0 start")) == 1


def test_a_role_inherits_only_what_it_needs(serve: Serve) -> None:
    look = """
    child = subprocess.run(["ls", "/proc/self/fd"], stdout=subprocess.PIPE, close_fds=False)
    note("child", *child.stdout.decode().split())
    note("text", text)
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
    assert "hold=" in served.notes("doors.0 text")[0]
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
    assert served.process.wait(20) == 1
    assert served.logged()[-1]["reason"] == "work: no schema\nforged"


def test_a_command_that_cannot_be_run_is_a_failed_start() -> None:
    program = """
from gateway.processes.logs import configure_logging
from gateway.processes.slot import Role
from gateway.processes.supervisor import Supervisor
configure_logging()
raise SystemExit(Supervisor(lambda *_: ["/nowhere/program"], [Role("work")]).run())
"""
    argv = [sys.executable, "-c", program]
    done = subprocess.run(argv, capture_output=True, timeout=30, check=False)
    assert done.returncode == 1
    assert b"work: [Errno 2] No such file or directory" in done.stderr


def test_a_restarted_door_on_port_0_takes_the_same_port(serve: Serve) -> None:
    door = """
    host, _, port = link.listen_address("smtp", "127.0.0.1:0").rpartition(":")
    with socket.create_server((host, int(port))) as door:
        note("port", door.getsockname()[1])
        link.ready(smtp=f"127.0.0.1:{door.getsockname()[1]}")
        link.wait(60)
    """
    served = serve(doors={"code": door})
    served.ready()
    os.kill(served.pid("doors.0"), signal.SIGKILL)
    first, second = served.noted("doors.0 port", times=2)
    assert first == second
    assert served.stop() == 0


LIVING = """
from gateway.processes import link as module
module.ALIVE_S = 0.2
"""


def test_a_role_that_hangs_without_being_busy_is_killed_and_comes_back(serve: Serve) -> None:
    hangs_once = """
    link.ready()
    if not (here / "hung").exists():
        (here / "hung").touch()
        time.sleep(60)
    link.wait(60)
    """
    served = serve({"SILENT_S": 1.0, "TICK_S": 0.1}, doors={}, work={"code": hangs_once})
    served.err_has("role killed: silent")
    assert served.pid("work.0", times=2)
    assert served.stop() == 0


def test_an_event_loop_that_stands_still_is_noticed(serve: Serve) -> None:
    stands_still = f"""
    {LIVING.replace(chr(10), chr(10) + "    ")}
    async def run():
        link.ready()
        stop = asyncio.create_task(link.await_stop())
        await asyncio.sleep(1.5)  # longer than the silence that is allowed
        note("loops")
        time.sleep(60)
    asyncio.run(run())
    """
    served = serve({"SILENT_S": 1.0, "TICK_S": 0.1}, doors={"code": stands_still})
    served.noted("doors.0 loops")
    assert len(served.notes("doors.0 start")) == 1
    served.err_has("role killed: silent")
    assert served.stop() == 0


def test_roles_that_wait_for_long_or_are_busy_prove_their_life(serve: Serve) -> None:
    waits = LIVING + "link.ready()\nlink.wait(2.5)\nnote('lived')\nlink.wait(60)"
    busy = "link.ready()\nlink.busy([1], time.monotonic() + 60)\ntime.sleep(2.5)\nnote('lived')\n"
    served = serve(
        {"SILENT_S": 1.0, "TICK_S": 0.1}, doors={"code": waits}, work={"code": busy + "link.idle()"}
    )
    served.noted("doors.0 lived")
    served.noted("work.0 lived")
    assert not any(line["event"].startswith("role killed") for line in served.logged())
    assert len(served.notes("doors.0 start")) == 1
    assert served.stop() == 0


def test_a_role_that_is_halted_for_a_moment_is_not_killed(serve: Serve) -> None:
    served = serve(
        {"SILENT_S": 3.0, "TICK_S": 0.1}, work={"code": LIVING + "link.ready()\nlink.wait(60)"}
    )
    served.ready()
    os.kill(served.pid("work.0"), signal.SIGSTOP)
    on_at = time.monotonic() + 1.5
    wait_for(lambda: time.monotonic() > on_at)
    os.kill(served.pid("work.0"), signal.SIGCONT)
    later = time.monotonic() + 3.0
    wait_for(lambda: time.monotonic() > later)
    assert len(served.notes("work.0 start")) == 1
    assert served.stop() == 0


def test_a_supervisor_that_was_halted_forgives_the_silence(serve: Serve) -> None:
    """Reports that came meanwhile are heard first; what is missing is reckoned from then on."""
    both = LIVING + "link.ready()\nlink.wait(60)"
    served = serve({"SILENT_S": 1.5, "PAUSE_S": 0.5, "TICK_S": 0.1}, work={"code": both})
    served.ready()
    work = served.pid("work.0")
    served.process.send_signal(signal.SIGSTOP)
    os.kill(work, signal.SIGSTOP)
    on_at = time.monotonic() + 3.0
    wait_for(lambda: time.monotonic() > on_at)
    served.process.send_signal(signal.SIGCONT)
    os.kill(work, signal.SIGCONT)
    later = time.monotonic() + 2.0
    wait_for(lambda: time.monotonic() > later)
    assert len(served.notes("work.0 start")) == 1
    assert not any(line["event"].startswith("role killed") for line in served.logged())
    assert served.stop() == 0
