"""The health of a real daemon: relay down, a role halted, a disk that fills, a broken store."""

import http.client
import os
import shutil
import signal
import smtplib
import socket
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from running import DEADLINE_S, Helpdesk, helpdesk, mail, until

from gateway.outbound.pace import GATE_WAITS_S
from store.engine import open_store
from store.health import say_stopped
from tests.ports import free_port
from tests.warm import Done

SUPPORT = ["support@helpdesk.example"]
PROBED_WITHIN_S = DEADLINE_S + GATE_WAITS_S[-1]  # the pauses of a relay grow while we are slow
WEB = {'[[vo]]\nname = "atlas"': '[web]\nlisten = "127.0.0.1:0"\n\n[[vo]]\nname = "atlas"'}


@pytest.fixture
def desk(place: Path) -> Iterator[Helpdesk]:
    with helpdesk(place, WEB) as running:
        yield running


def page(desk: Helpdesk, path: str) -> tuple[int, str]:
    host, _, port = desk.web.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def lines(desk: Helpdesk) -> dict[str, str]:
    """Return the lines of /readyz by name."""
    return dict(line.split(": ", 1) for line in page(desk, "/readyz")[1].splitlines())


def command(desk: Helpdesk, *words: str) -> Done:
    return desk.typed("health", *words)


def test_all_is_well_and_the_command_says_the_same(desk: Helpdesk) -> None:
    until(lambda: page(desk, "/readyz")[0] == 200, "ready")
    names = ["store journal", "smtp", "store tickets", "work-0", "courier-0", "web-0", "disk"]
    found = lines(desk)
    assert list(found) == names
    assert all(line.startswith("ok") for line in found.values())
    done = command(desk)
    assert done.code == 0
    assert [line.partition(":")[0] for line in done.out.splitlines()] == list(found)
    rows = command(desk, "--json").rows
    assert {row["state"] for row in rows} == {"ok"}
    assert set(rows[0]) == {"name", "state", "detail", "since"}
    assert page(desk, "/healthz") == (200, "ok\n")


def test_the_metrics_count_what_came_and_went(desk: Helpdesk) -> None:
    for number in range(1, 4):
        desk.send(mail(number), SUPPORT)
    desk.send(mail(9), ["nobody@helpdesk.example"])
    desk.settled(3)
    found = {}

    def read() -> bool:
        status, text = page(desk, "/metrics")
        assert status == 200
        for family in text_string_to_metric_families(text):
            for one in family.samples:
                found[one.name, *sorted(one.labels.values())] = one.value
        return found["ticketgate_mails_total", "new"] == 3

    until(read, "the metrics show three mails")
    assert found["ticketgate_door_accepted_total", "smtp"] == 3
    assert sum(n for key, n in found.items() if key[0] == "ticketgate_tickets") == 3
    assert found["ticketgate_store_bytes", "journal.db"] > 0


def test_a_relay_that_is_down_shows_with_its_time_and_is_well_again_when_it_is_back(
    place: Path,
) -> None:
    port = free_port()
    relay = {'url = "maildir:outgoing"': f'url = "smtp://127.0.0.1:{port}"'}
    with helpdesk(place, WEB | relay) as desk:
        desk.send(mail(1), SUPPORT)
        line = until(
            lambda: (one := lines(desk)["courier-0"]).startswith("failing") and one, "failing"
        )
        assert line.startswith("failing, the relay takes nothing: ")
        assert "connect" in line
        assert line.count("since 2") == 1
        assert page(desk, "/readyz")[0] == 503
        done = command(desk)
        assert done.code == 1
        assert f"courier-0: {line}" in done.out
        sink = shutil.which("smtp-sink", path=os.environ["PATH"] + ":/usr/sbin")
        if sink is None:
            return  # tests/outbound shows the gate opening with a relay of its own
        running = subprocess.Popen(
            [sink, "-u", "nobody", f"127.0.0.1:{port}", "10"], stderr=subprocess.DEVNULL
        )
        try:
            until(lambda: page(desk, "/readyz")[0] == 200, "well again", PROBED_WITHIN_S)
        finally:
            running.terminate()
            running.wait(30)


@pytest.mark.parametrize("role", ["courier-0", "web-0"])
def test_a_halted_role_becomes_silent(desk: Helpdesk, role: str) -> None:
    """The supervisor is halted too, or it would put another in its place after a minute."""

    def health() -> Done:
        return command(desk, "--within", "14")

    def is_silent() -> bool:  # on a slow machine others may be late for a moment
        done = health()
        lines = done.out.splitlines()
        return done.code == 1 and any(x.startswith(f"{role}: silent, since 2") for x in lines)

    until(lambda: health().code == 0, "all ok")
    assert desk.process is not None
    halted = desk.roles()[role]
    desk.process.send_signal(signal.SIGSTOP)
    os.kill(halted, signal.SIGSTOP)
    try:
        until(is_silent, "silent")
    finally:
        os.kill(halted, signal.SIGCONT)
        desk.process.send_signal(signal.SIGCONT)
    until(lambda: health().code == 0, "all ok again")


def since(desk: Helpdesk) -> dict[str, str]:
    return {row["name"]: row["since"] or "" for row in command(desk, "--json").rows}


def test_a_process_that_was_put_in_the_place_of_another_is_well_since_then(desk: Helpdesk) -> None:
    until(lambda: command(desk).code == 0, "all ok")
    before = since(desk)
    os.kill(desk.roles()["work-0"], signal.SIGKILL)
    until(lambda: since(desk)["work-0"] > before["work-0"], "the new one has spoken")
    after = since(desk)
    assert after == before | {"work-0": after["work-0"]}


def test_a_daemon_that_was_stopped_says_so_at_once_and_its_pages_bear_with_a_restart(
    desk: Helpdesk,
) -> None:
    until(lambda: command(desk).code == 0, "all ok")
    before = since(desk)
    desk.stop()
    done = command(desk)
    assert done.code == 1
    roles = ("smtp", "work-0", "courier-0", "web-0")
    stopped = dict(line.split(": ", 1) for line in done.out.splitlines())
    assert all(stopped[name].startswith("stopped, since 2") for name in roles), done.out
    assert stopped["store tickets"] == stopped["disk"] == "ok"
    desk.start()
    store = open_store(f"sqlite:///{desk.place}/tickets.db")

    def is_borne_with() -> bool:  # what is true before each has spoken
        say_stopped(store, ["smtp"], [], "", datetime.now(UTC))
        status, text = page(desk, "/readyz")
        return "smtp: starting, since 2" in text and status == 200

    until(is_borne_with, "the pages bear with who was just stopped")
    store.close()
    until(lambda: command(desk).code == 0, "all ok again")
    after = since(desk)
    assert all(after[name] > before[name] for name in roles)


def test_a_daemon_that_cannot_start_says_why_under_each_name(place: Path) -> None:
    with helpdesk(place) as desk:
        until(lambda: command(desk).code == 0, "all ok")
        desk.kill()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            desk.config.write_text(desk.config.read_text().replace(":0", f":{port}"))
            assert desk.typed("serve").code == 1
    done = command(desk)
    assert done.code == 1
    said = f"stopped, it cannot start: doors: smtp cannot listen on 127.0.0.1:{port}"
    for name in ("smtp", "work-0", "courier-0"):
        assert f"{name}: {said}" in done.out


def test_a_mail_that_was_set_aside_shows_until_a_person_has_looked(desk: Helpdesk) -> None:
    desk.send(mail(1), SUPPORT)
    desk.settled(1)
    store = open_store(f"sqlite:///{desk.place}/tickets.db")
    with store.writing() as conn:
        conn.exec_driver_sql("UPDATE inbox SET state = 'broken' WHERE mail = 1")
    line = until(lambda: (one := lines(desk)["work-0"]).startswith("failing") and one, "shown")
    assert "1 broken mails wait for a person" in line
    with store.writing() as conn:
        conn.exec_driver_sql("UPDATE inbox SET state = 'done' WHERE mail = 1")
    store.close()
    until(lambda: lines(desk)["work-0"].startswith("ok"), "well again")


@pytest.fixture
def small_disk(place: Path) -> Iterator[Path]:
    """A disk of its own, a little larger than the reserve; needs the right to mount."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a disk")
    disk = place / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def test_a_full_disk_shows_and_mail_is_taken_again_when_there_is_space(
    small_disk: Path,
) -> None:
    with helpdesk(small_disk, WEB) as desk:
        assert desk.send(mail(1), SUPPORT).startswith("250")
        until(lambda: page(desk, "/readyz")[0] == 200, "ready")
        ballast = small_disk / "ballast"
        with ballast.open("wb") as file:
            free = os.statvfs(small_disk)
            os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - 512 * 1024)
        until(lambda: not _taken(desk, 2), "mail is turned away")
        until(lambda: _refusal(desk)[:4] in {"452 ", "421 "}, "a mail is refused at its start")
        until(lambda: page(desk, "/readyz")[0] == 503, "the page has looked again")
        assert lines(desk)["disk"].startswith("failing, 0 MiB free, mail is taken from 256 MiB")
        assert page(desk, "/healthz")[0] == 200
        pids = desk.roles()
        ballast.unlink()
        until(lambda: _taken(desk, 3), "mail is taken again")
        assert desk.roles() == pids
        until(lambda: page(desk, "/readyz")[0] == 200, "ready again")
        desk.settled(2)


def _taken(desk: Helpdesk, number: int) -> bool:
    """Whether a mail is kept; the door may change its mind between two commands."""
    try:
        return desk.send(mail(number), SUPPORT).startswith("250")
    except (AssertionError, smtplib.SMTPException):
        return False


def _refusal(desk: Helpdesk) -> str:
    """Return what a peer is greeted with, or MAIL answered, when it is a refusal; "" else."""
    with socket.create_connection(desk.smtp, timeout=30) as peer, peer.makefile("rwb") as stream:
        said = stream.readline().decode()
        if not said.startswith("220"):
            return said
        for command_line in (b"HELO client.example\r\n", b"MAIL FROM:<a@physics.example>\r\n"):
            stream.write(command_line)
            stream.flush()
            said = stream.readline().decode()
        return "" if said.startswith("250") else said


def test_before_the_first_start_nothing_is_well_and_the_command_says_why(place: Path) -> None:
    desk = Helpdesk(place)
    done = command(desk)
    assert done.code == 1
    assert "There is no store" in done.err
    assert "smtp: silent" in done.out
