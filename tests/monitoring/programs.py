"""A real monitoring system as a process of a test: started, waited for, stopped by its id."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from running import until

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
READY_S = 60.0
SITE = "T1-EX"
ROOT = Path(__file__).parents[2]


def needed(program: str) -> str:
    """Return the path of a program; without it the test is skipped, which CI does not allow."""
    found = shutil.which(program, path=PATH)
    if found is None:
        pytest.skip(f"{program} is not installed (tests/servers/packages.txt)")
    return found


def unprivileged() -> list[str]:
    """Return what goes before a command so that it does not run as root."""
    if os.geteuid() != 0:
        return []
    return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]


def give_away(place: Path) -> None:
    """Let what runs unprivileged write into a directory."""
    if os.geteuid() == 0:
        for path in (place, *place.rglob("*")):
            if not path.is_symlink():
                shutil.chown(path, "nobody", "nogroup")


def answers(port: int) -> bool:
    """Return whether somebody listens on a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Program:
    """One process of a system, with its log in a file."""

    def __init__(self, name: str, command: list[Any], log: Path) -> None:
        self.name = name
        self.command = [*unprivileged(), *map(str, command)]
        self.log = log
        self.environment: Mapping[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, ready: Callable[[], Any]) -> None:
        """Start it and wait until it is ready."""
        with self.log.open("ab") as log:
            self._process = process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=os.environ | {"PATH": PATH} | dict(self.environment),
            )
        try:
            until(lambda: ready() or process.poll() is not None, f"{self.name} is ready", READY_S)
            assert process.poll() is None, f"{self.name} ended by itself"
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.tail()}") from None

    def stop(self) -> None:
        """Stop it in order, or at once when it does not listen."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(60)

    def tail(self) -> str:
        """Return the end of its log."""
        return self.log.read_text("utf-8", "replace")[-2_000:]


class Recorder:
    """A program in the place of `ticketgate-hook` that writes down how it was called."""

    def __init__(self, place: Path) -> None:
        self._file = place / "calls"
        self._then = place / "then"
        self._file.touch()
        self._file.chmod(0o666)
        self.path = place / "ticketgate-hook"
        self.path.write_text(
            # with one write, or two who call at once would mix their words
            f"#!/bin/sh\nprintf '%s\\0' \"$@\" \"$(printf '\\036')\" >>{self._file}\n"
            f'[ ! -x {self._then} ] || exec {self._then} "$@"\n'
        )
        self.path.chmod(0o755)

    def then(self, command: list[str]) -> None:
        """Let it call this command too, with the words that it was called with; [] for no more."""
        self._then.unlink(missing_ok=True)
        if command:
            self._then.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
            self._then.chmod(0o755)

    def calls(self) -> list[dict[str, str]]:
        """Return the options of each call: {"event": ..., "alarm": ..., "by": ..., "comment": ...}.

        Every word must be the verb or one option, so a word that broke in two does not pass.
        """
        found = []
        for record in self._file.read_bytes().split(b"\x1e\0")[:-1]:
            verb, *options = record.decode("utf-8").split("\0")[:-1]
            assert verb == "notify", record
            assert all(one.startswith("--") and "=" in one for one in options), record
            found.append(dict(one.removeprefix("--").split("=", 1) for one in options))
        return found

    def heard(self, event: str, **fields: str) -> dict[str, str]:
        """Wait for a call with this event and these options, and return it."""
        wanted = {"event": event} | fields

        def look() -> dict[str, str] | None:
            matching = [one for one in self.calls() if wanted.items() <= one.items()]
            return matching[-1] if matching else None

        try:
            return dict(until(look, f"a call with {wanted}"))
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.calls()}") from None
