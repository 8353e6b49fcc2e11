"""What an operator reads when the daemon cannot start."""

import os
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from running import DEADLINE_S, PROGRAM, Helpdesk, accepts, helpdesk, until


def served_in_vain(desk: Helpdesk, config: Path) -> "subprocess.CompletedProcess[str]":
    """Serve a configuration that cannot be served; return what it said."""
    return subprocess.run(
        [PROGRAM, "serve", "--config", config],
        capture_output=True,
        text=True,
        env=desk.env,
        timeout=DEADLINE_S,
        check=False,
    )


def test_a_port_in_use_ends_the_start_with_one_plain_line(place: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        desk = Helpdesk(place, {'listen = "127.0.0.1:0"': f'listen = "{address}"'})
        done = served_in_vain(desk, desk.config)
    assert done.returncode == 1
    assert done.stdout == ""
    last = done.stderr.splitlines()[-1]
    assert last == (
        f"ticketgate: cannot start: doors: smtp cannot listen on {address}: Address already in use"
    )


@pytest.mark.parametrize(
    ("store", "sentence"),
    [
        ("missing/x.db", "/missing is missing: make it, or correct [store] url"),
        ("config.toml", "config.toml is no SQLite database."),
    ],
)
def test_a_store_that_cannot_be_one_is_said_in_one_line(
    place: Path, store: str, sentence: str
) -> None:
    desk = Helpdesk(place)
    desk.config.write_text(desk.config.read_text().replace("///tickets.db", f"///{store}"))
    done = served_in_vain(desk, desk.config)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(sentence), done.stderr[-500:]
    assert "Traceback" not in done.stderr


def test_a_file_that_is_being_edited_takes_no_role_down(place: Path) -> None:
    desk = Helpdesk(place)
    desk.start()
    good = desk.config.read_text()
    try:
        desk.config.write_text(f"{good}\n[nonsense]\nx = 1\n")
        old = desk.roles()
        for pid in old.values():
            os.kill(pid, signal.SIGKILL)
        until(
            lambda: desk.roles().keys() == old.keys() and not left_over(desk, old),
            "each role is there again",
        )
        until(lambda: accepts(desk), "the door is open")
        assert desk.send(b"Subject: x\r\n\r\nx\r\n", ["support@helpdesk.example"])[:3] == "250"
        until(lambda: '"event": "decided"' in desk.tail(), "the mail is worked on")
        assert "nonsense" not in desk.tail()
        desk.config.write_text(good)
        desk.settled(1)
    finally:
        desk.stop()


def left_over(desk: Helpdesk, old: dict[str, int]) -> set[int]:
    """Return the processes of before that are still there."""
    return set(desk.roles().values()) & set(old.values())


def test_a_second_daemon_on_the_same_store_is_refused_and_the_first_goes_on(place: Path) -> None:
    desk = Helpdesk(place)
    desk.start()
    try:
        second = served_in_vain(desk, desk.config)
        assert second.returncode == 1
        assert "already served" in second.stderr.splitlines()[-1]
        assert desk.send(b"Subject: x\r\n\r\nx\r\n", ["support@helpdesk.example"]).startswith("250")
    finally:
        desk.stop()


def test_two_stores_in_one_directory_are_refused_since_they_would_share_a_journal(
    place: Path,
) -> None:
    """Else each mail would be a ticket in both."""
    with helpdesk(place) as desk:
        other = place / "other.toml"
        other.write_text(desk.config.read_text().replace("///tickets.db", "///other.db"))
        second = served_in_vain(desk, other)
    assert second.returncode == 1
    assert "already served" in second.stderr.splitlines()[-1]


def test_what_is_stored_is_nobody_elses_to_read(place: Path) -> None:
    desk = Helpdesk(place)
    desk.start()
    desk.stop()
    (place / "copy").mkdir()
    subprocess.run(
        [PROGRAM, "copy-store", "--config", desk.config, f"sqlite:///{place}/copy/tickets.db"],
        env=desk.env,
        umask=0o022,
        timeout=DEADLINE_S,
        check=True,
    )
    for there in (place, place / "copy"):
        made = [path for path in there.iterdir() if path.suffix in {".db", ".lock", ".serve"}]
        assert len(made) >= 3
        assert [path.name for path in made if path.stat().st_mode & 0o077] == []
