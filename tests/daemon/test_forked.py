"""A process that is forked: what it has of its parent, how it ends, that it never comes back."""

import subprocess
import sys

import pytest

PARENT = """
import gc, os, signal, sys, time
from gateway.processes.forked import fork
def ended(run, keep=()):
    child = fork(run, keep)
    assert child.wait(20), "it runs on"
    return child.poll()
def say(*words):
    os.write(2, (" ".join(map(str, words)) + "\\n").encode())
"""


def said(code: str, stdin: bytes = b"") -> list[str]:
    """What a parent and its children write on standard error; only the parent ends well."""
    done = subprocess.run(
        [sys.executable, "-c", PARENT + code],
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b""), done.stderr.decode()
    return done.stderr.decode().splitlines()


@pytest.mark.parametrize(
    ("run", "code"),
    [
        ("lambda: 0", 0),
        ("lambda: 7", 7),
        ("lambda: sys.exit()", 0),
        ("lambda: sys.exit(3)", 3),
        ("lambda: os.kill(os.getpid(), signal.SIGKILL)", -9),
    ],
)
def test_its_result_is_its_exit_code(run: str, code: int) -> None:
    assert said(f"say(ended({run}))") == [str(code)]


@pytest.mark.parametrize("run", ['lambda: sys.exit("no")', "lambda: 1 / 0"])
def test_it_never_returns_into_the_code_that_made_it(run: str) -> None:
    lines = said(f"try:\n    code = ended({run})\nfinally:\n    say('once')\nsay('code', code)")
    assert [line for line in lines if line.startswith(("once", "code"))] == ["once", "code 1"]


def test_an_error_is_said_by_whatever_says_errors() -> None:
    hook = "sys.excepthook = lambda kind, error, trace: say('hook', kind.__name__, error)\n"
    assert said(hook + "ended(lambda: 1 / 0)") == ["hook ZeroDivisionError division by zero"]


def test_signals_are_as_in_a_new_program() -> None:
    code = """
bell, rope = os.pipe()
os.set_blocking(rope, False)
signal.signal(signal.SIGTERM, lambda *_: say("heard by our handler"))
signal.signal(signal.SIGHUP, signal.SIG_IGN)
signal.set_wakeup_fd(rope)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
def look():
    say("in it", *[signal.getsignal(n) == signal.SIG_DFL for n in (signal.SIGTERM, signal.SIGINT)])
    say("ignored", signal.getsignal(signal.SIGHUP) == signal.SIG_IGN)
    say("bell", signal.set_wakeup_fd(-1))
    say("mask", *signal.pthread_sigmask(signal.SIG_BLOCK, []))
    os.kill(os.getpid(), signal.SIGTERM)
    return 0
say("code", ended(look))
masked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
say("ours", callable(signal.getsignal(signal.SIGTERM)), *masked)
"""
    usr2 = "12"
    assert said(code) == [
        "in it True True",
        "ignored True",
        "bell -1",
        f"mask {usr2}",
        "code -15",
        f"ours True {usr2}",
    ]


def test_it_has_the_descriptors_that_it_is_given_and_no_others() -> None:
    code = """
kept, other = os.open("/dev/zero", os.O_RDONLY), os.open("/dev/full", os.O_RDONLY)
def look():
    fds = {int(fd): os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")
           if os.path.exists(f"/proc/self/fd/{fd}")}
    say(*sorted(fds), fds[0], fds[kept], fds[1] == fds[2])
    return 0
ended(look, [kept])
say("ours", os.read(0, 9).decode(), os.read(other, 1) == b"\\0")
"""
    assert said(code, stdin=b"for us") == ["0 1 2 3 /dev/null /dev/zero True", "ours for us True"]


def test_a_kill_reaches_what_it_has_started() -> None:
    code = """
def run():
    os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "600")
    return time.sleep(600)
child = fork(run, ())
children = lambda pid: open(f"/proc/{pid}/task/{pid}/children").read().split()
while not children(child.pid):
    time.sleep(0.01)
(sleeper,) = children(child.pid)
child.kill()
say(child.wait(20), child.poll(), os.getpgid(0) == child.pid)
def lives(pid):
    try:
        return " Z " not in open(f"/proc/{pid}/stat").read()
    except OSError:
        return False
while lives(sleeper):
    time.sleep(0.01)
child.kill()  # long dead: nobody else is hit
"""
    assert said(code) == ["True -9 False"]
