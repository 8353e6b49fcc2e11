"""What the service may do under its unit: each restriction bites, and the daemon works."""

import os
import shutil
import smtplib
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from confine import allowed_calls, directives
from manager import Manager
from running import PROGRAM, SECRET, Helpdesk, mail, until

from gateway.processes.forked import OOM_STEP

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "packaging" / "systemd"
SERVICE = UNITS / "ticketgate.service"
CONFINE = Path(__file__).with_name("confine.py")
SUPPORT = ["support@helpdesk.example"]
USER = "nobody"

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd's tools are not installed"
)


root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can confine a process")


@pytest.fixture
def state() -> Iterator[Path]:
    """A state directory outside of /tmp, which is private under the unit; owned by the user."""
    with tempfile.TemporaryDirectory(prefix="tg-", dir="/var/lib") as name:
        shutil.chown(name, USER)
        yield Path(name)


def confined(state: Path) -> tuple[str, ...]:
    """Return the words before a program that confine it as the unit says."""
    credentials = state / "credentials"
    if not credentials.exists():
        credentials.mkdir()
        (credentials / "secret").write_text(SECRET)
        (credentials / "secret").chmod(0o400)
        for path in (credentials / "secret", credentials):
            shutil.chown(path, USER)
    keep = f"{ROOT}:{sys.base_prefix}"
    return (sys.executable, str(CONFINE), str(SERVICE), str(state), str(credentials), USER, keep,
            "--")  # fmt: skip


TRIALS = """
import ctypes, errno, mmap, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def fails(what):
    try:
        what()
    except (OSError, ValueError) as error:
        return True
    return False
def raw(number, *words):
    if libc.syscall(number, *words) < 0:
        raise OSError(ctypes.get_errno(), "")
def write(path):
    with open(path, "w") as file: file.write("x")
print("write-etc", fails(lambda: write("/etc/x")))
print("write-usr", fails(lambda: write("/usr/x")))
print("write-var-lib", fails(lambda: write("/var/lib/x")))
print("write-program", fails(lambda: write(sys.argv[1] + "/x")))
print("home", fails(lambda: os.listdir("/home") == [] and os.stat("/home/x")))
print("write-exec", fails(lambda: mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)))
print("netlink", fails(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)))
print("packet", fails(lambda: socket.socket(17, socket.SOCK_RAW)))
print("unshare", fails(lambda: raw(272, 0x10000000)))
print("ptrace", fails(lambda: raw(101, 16, 1, 0, 0)))
print("suid", fails(lambda: os.chmod("mine", 0o4755) if write("mine") is None else None))
print("personality", fails(lambda: raw(135, 8)))
print("port-25", fails(lambda: socket.create_server(("127.0.0.1", 25))))
print("kernel-tunables", fails(lambda: write("/proc/sys/kernel/hostname")))
print("others", fails(lambda: os.listdir("/proc/1")))
print("devices", fails(lambda: os.stat("/dev/kmsg")))
print("setuid", fails(lambda: os.setuid(0)))
print("nice-up", fails(lambda: os.setpriority(os.PRIO_PROCESS, 0, -5)))
print("may-nice-down", not fails(lambda: os.nice(5)))  # from wherever we are
print("may-write-state", not fails(lambda: write("state")))
print("may-write-tmp", not fails(lambda: write("/tmp/x")))
print("may-chgrp", not fails(lambda: os.chown("state", -1, os.getgid())))
"""


@root_only
def test_each_restriction_really_bites_and_what_is_needed_is_left(state: Path) -> None:
    argv = [*confined(state), sys.executable, "-c", TRIALS, str(ROOT)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    held = dict(line.split() for line in done.stdout.splitlines())
    assert len(held) == 22
    assert [name for name, word in held.items() if word != "True"] == []


def test_the_filter_of_the_unit_is_what_it_says() -> None:
    calls = allowed_calls(directives(SERVICE))
    assert {"openat", "socket", "fsync", "setpriority", "fchown", "clone"} <= calls
    refused = {"ptrace", "mount", "setuid", "reboot", "bpf", "init_module", "setrlimit", "chroot"}
    assert not refused & calls


CREDENTIAL = {
    'secret = { env = "TICKETGATE_TEST_SECRET" }': 'secret = { credential = "secret" }',
    "[store]": (
        '[lmtp]\nlisten = "unix:lmtp"\n\n[web]\nlisten = "127.0.0.1:0"\n\n'
        "[work]\nprocesses = 2\n\n[store]"
    ),
}


@root_only
def test_a_mail_goes_in_and_a_ticket_comes_out_under_every_restriction(state: Path) -> None:
    manager = Manager(state, abstract=True)
    smtp = manager.open("smtp", "127.0.0.1:0").getsockname()
    lmtp = state / "handed"
    manager.open("lmtp", lmtp)
    desk = Helpdesk(state, CREDENTIAL)
    del desk.env["TICKETGATE_TEST_SECRET"]
    desk.env |= manager.environ(watchdog_s=3)
    desk.launch, desk.fds = (*manager.launch(), *confined(state)), manager.fds
    shutil.chown(desk.config, USER)
    desk.start()
    try:
        manager.hear("READY=1")
        assert desk.smtp == smtp
        assert desk.send(mail(1, text="Site: FZK-LCG2\r\n\r\nIt fails."), SUPPORT)[:3] == "250"
        with smtplib.LMTP(str(lmtp)) as client:
            client.sendmail("anna@physics.example", SUPPORT, mail(2))
        manager.hear("WATCHDOG=1")
        tickets = until(lambda: _tickets(desk, state, 2), f"tickets; {desk.tail()}")
        assert tickets.count("100001") == 1
        until(lambda: len(desk.outgoing()) >= 4, "mails left")
        host, _, port = desk.web.rpartition(":")
        until(lambda: _get(host, int(port), "/readyz").startswith(b"HTTP/1.1 200"), "ready")
        assert b"ticketgate_tickets" in _get(host, int(port), "/metrics")
        pids = desk.roles()
        oom_score = int(Path("/proc/self/oom_score_adj").read_text())
        assert len(pids) == 5
        for name, pid in {**pids, "supervisor": desk.process.pid if desk.process else 0}.items():
            status = dict(
                line.split(":\t", 1)
                for line in Path(f"/proc/{pid}/status").read_text().splitlines()
            )
            assert status["NoNewPrivs"] == "1"
            assert status["Seccomp"] == "2", name
            assert int(status["Seccomp_filters"]) >= 2
            caps = {
                int(status[key], 16) for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
            }
            assert caps == {0}
            assert set(status["Uid"].split()) != {"0"}
            score = int(Path(f"/proc/{pid}/oom_score_adj").read_text())
            assert score == oom_score + OOM_STEP * (name != "supervisor"), name
        assert "Operation not permitted" not in (state / "serve.log").read_text()
    finally:
        desk.stop()
        manager.close()
    assert {path.stat().st_uid for path in state.glob("*.db")} == {state.stat().st_uid}
    assert not any(path.stat().st_mode & 0o077 for path in state.glob("*.db"))


def _tickets(desk: Helpdesk, state: Path, number: int) -> str:
    """Return the list of tickets, asked for as the operator does: as the user, with the secrets."""
    done = subprocess.run(
        [*confined(state), PROGRAM, "tickets", "--config", desk.config],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout if len(done.stdout.splitlines()) > number else ""


def _get(host: str, port: int, path: str) -> bytes:
    with socket.create_connection((host, port), timeout=30) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return client.makefile("rb").read()


def test_without_its_credential_the_start_says_what_is_missing(place: Path) -> None:
    desk = Helpdesk(place, CREDENTIAL)
    for environ, words in (
        ({}, "$CREDENTIALS_DIRECTORY is not set"),
        ({"CREDENTIALS_DIRECTORY": str(place)}, "LoadCredential=secret:"),
    ):
        done = subprocess.run(
            [PROGRAM, "serve", "--config", desk.config],
            capture_output=True, text=True, env=os.environ | environ, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 1
        assert words in done.stderr
