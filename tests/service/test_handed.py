"""Sockets from the service manager: used, kept over restarts, and refused when they fit no door."""

import os
import signal
import smtplib
import socket
import subprocess
from pathlib import Path

import pytest
from manager import Manager
from running import DEADLINE_S, Helpdesk, mail, until

from gateway.processes import handed

SUPPORT = ["support@helpdesk.example"]
LMTP_TOO = {"[store]": '[lmtp]\nlisten = "unix:other/place"\n\n[store]'}
WEB_TOO = {"[store]": '[web]\nlisten = "127.0.0.1:1"\n\n[store]'}


def under(manager: Manager, place: Path, changes: dict[str, str] | None = None) -> Helpdesk:
    """A daemon that this manager starts."""
    desk = Helpdesk(place, changes)
    desk.launch, desk.fds = manager.launch(), manager.fds
    desk.env |= manager.environ()
    return desk


def link_of(descriptor: Path) -> str:
    """Return what a descriptor of a running process is; "" when it was just closed."""
    try:
        return str(descriptor.readlink())
    except FileNotFoundError:
        return ""


def fault(desk: Helpdesk) -> str:
    done = subprocess.run(
        [*desk.launch, Path(os.sys.executable).with_name("ticketgate"), "serve",
         "--config", desk.config],
        capture_output=True, text=True, env=desk.env, pass_fds=desk.fds, check=False,
        timeout=DEADLINE_S,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr.splitlines()[-1]


def test_handed_sockets_are_the_doors_and_the_ready_line_shows_where_they_are(
    manager: Manager, place: Path
) -> None:
    lmtp = place / "lmtp.socket"
    manager.open("lmtp", lmtp)
    smtp = manager.open("smtp", "127.0.0.1:0").getsockname()
    desk = under(manager, place, LMTP_TOO)
    desk.start()
    try:
        assert desk.smtp == smtp
        assert desk.lmtp == f"unix:{lmtp}"
        assert not (place / "other").exists()
        assert desk.send(mail(1), SUPPORT).startswith("250 ")
        with smtplib.LMTP(str(lmtp)) as client:
            client.sendmail("anna@physics.example", SUPPORT, mail(2))
        assert len(desk.settled(2)) == 2
    finally:
        desk.stop()
    assert lmtp.is_socket()  # it is the manager's


def test_a_peer_that_comes_while_the_door_is_dead_only_waits(manager: Manager, place: Path) -> None:
    manager.open("smtp", "127.0.0.1:0")
    desk = under(manager, place)
    desk.start()
    try:
        for number in range(1, 4):
            os.kill(desk.roles()["doors-0"], signal.SIGKILL)
            assert desk.send(mail(number), SUPPORT).startswith("250 ")  # at the first attempt
        assert len(desk.settled(3)) == 3
    finally:
        desk.stop()


def test_a_peer_that_comes_while_the_daemon_is_stopped_only_waits(
    manager: Manager, place: Path
) -> None:
    manager.open("smtp", "127.0.0.1:0")
    desk = under(manager, place)
    desk.start()
    desk.stop()
    early = socket.create_connection(desk.smtp, timeout=30)
    desk.start()
    try:
        assert early.recv(100).startswith(b"220 ")
        early.close()
    finally:
        desk.stop()


def test_the_pages_take_a_handed_socket_too(manager: Manager, place: Path) -> None:
    web = manager.open("web", "127.0.0.1:0").getsockname()
    desk = under(manager, place, WEB_TOO)
    desk.start()
    try:
        assert desk.web == f"127.0.0.1:{web[1]}"
        os.kill(desk.roles()["web-0"], signal.SIGKILL)
        with socket.create_connection(web, timeout=30) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.recv(100).startswith(b"HTTP/1.1 200")
    finally:
        desk.stop()


def test_only_the_role_that_opens_a_door_holds_its_socket(manager: Manager, place: Path) -> None:
    door = manager.open("smtp", "127.0.0.1:0")
    inode = os.fstat(door.fileno()).st_ino
    desk = under(manager, place)
    desk.start()
    try:
        for name, pid in desk.roles().items():
            links = [link_of(path) for path in Path(f"/proc/{pid}/fd").iterdir()]
            assert (f"socket:[{inode}]" in links) == name.startswith("doors"), name
    finally:
        desk.stop()


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["ticketgate-smtp.socket"], "handed over as 'ticketgate-smtp.socket'; set FileDescr"),
        (["lmtp"], "handed over for lmtp, but [lmtp] listen is not set"),
        (["smtp", "smtp"], "two sockets were handed over for smtp"),
    ],
)
def test_a_socket_that_no_door_wants_is_a_fault(
    manager: Manager, place: Path, names: list[str], why: str
) -> None:
    for name in names:
        manager.open(name, "127.0.0.1:0")
    last = fault(under(manager, place))
    assert last.startswith("ticketgate: cannot start: ")
    assert why in last


def test_a_socket_that_does_not_listen_is_a_fault(manager: Manager, place: Path) -> None:
    manager.hand_over("smtp", socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    assert "no listening stream socket" in fault(under(manager, place))


def test_a_descriptor_that_is_not_there_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    promised = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "smtp"}
    monkeypatch.setattr(handed, "FIRST_FD", 900)
    with pytest.raises(handed.UnfitSocket, match="promises descriptor 900"):
        handed.take_handed(promised, ["smtp"], ["smtp"])
    assert promised == {}


def test_sockets_for_another_process_are_left_alone(manager: Manager, place: Path) -> None:
    desk = Helpdesk(place)
    desk.env |= manager.environ() | {"LISTEN_PID": "1", "LISTEN_FDS": "1"}
    desk.start()
    assert desk.send(mail(1), SUPPORT).startswith("250 ")
    desk.stop()


def test_after_a_restart_of_the_door_the_old_one_is_gone(manager: Manager, place: Path) -> None:
    manager.open("smtp", "127.0.0.1:0")
    desk = under(manager, place)
    desk.start()
    try:
        old = desk.roles()["doors-0"]
        os.kill(old, signal.SIGKILL)
        until(lambda: desk.roles().get("doors-0", old) != old, "another doors process")
    finally:
        desk.stop()
