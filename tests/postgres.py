"""PostgreSQL for tests: one server for each test process, one database of its own for each test.

The server runs in a scratch directory, unprivileged and without syncing; it is not the system's.
Databases are copies of a template that holds the tables, which costs a few milliseconds.
"""

import atexit
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path

import psycopg
import pytest

from store.engine import Store, open_store
from store.schema import upgrade

FIRST_TICKET = 100001
FAST = (
    "-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c max_connections=60"
    " -c dynamic_shared_memory_type=mmap"  # else what a killed server had stays in /dev/shm
)
_PATIENCE_S = "280"  # of pg_ctl, to end what hangs
_PROGRAMS = "/usr/lib/postgresql/*/bin"


def programs() -> Path | None:
    """Return where Debian keeps the server's programs, the newest first; None without any."""
    found = [path for path in Path("/").glob(_PROGRAMS.lstrip("/")) if (path / "initdb").exists()]
    return max(found, key=lambda path: int(path.parent.name), default=None)


class Server:
    """A PostgreSQL that can be stopped, started and killed; `options` as for pg_ctl -o."""

    def __init__(self, options: str = FAST, port: int = 0) -> None:
        found = programs()
        if found is None:
            pytest.skip("PostgreSQL is not installed (tests/servers/packages.txt)")
        self._programs = found
        self.place = Path(tempfile.mkdtemp(prefix="pg-"))
        self.port = port
        self._options = options
        self._as: list[str] = []
        if os.getuid() == 0:  # the server refuses to run as root
            shutil.chown(self.place, "nobody", "nogroup")
            self._as = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
        words = ["-U", "gw", "--auth=trust", "--no-sync", "-E", "UTF8", "--no-locale"]
        self._run("initdb", "-D", self.place / "data", *words)

    def start(self) -> None:
        """Start and wait until it answers."""
        listen = "127.0.0.1" if self.port else ""
        port = f"-c port={self.port}" if self.port else ""
        options = f"-k {self.place} -c listen_addresses='{listen}' {port} {self._options}"
        log = self.place / "log"
        self._run("pg_ctl", "-D", self.place / "data", "-w", "-t", _PATIENCE_S, "-l", log,
                  "-o", options, "start")  # fmt: skip

    def stop(self, mode: str = "fast") -> None:
        """Stop: `fast` cuts every connection, `immediate` is a crash."""
        self._run("pg_ctl", "-D", self.place / "data", "-w", "-t", _PATIENCE_S, "-m", mode,
                  "stop")  # fmt: skip

    @contextmanager
    def halted(self) -> Iterator[None]:
        """Halt every process of it for the length of a block: it is there and says nothing."""
        main = int((self.place / "data" / "postmaster.pid").read_text().split()[0])
        pids = [main, *_children(main)]
        for pid in pids:
            with suppress(ProcessLookupError):  # it has ended meanwhile
                os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def remove(self) -> None:
        """Kill what is left of it and delete its files."""
        with suppress(OSError, ValueError):
            pid = int((self.place / "data" / "postmaster.pid").read_text().split()[0])
            os.kill(pid, signal.SIGQUIT)
        shutil.rmtree(self.place, ignore_errors=True)

    def url(self, database: str) -> str:
        """Return the URL of a database, by the unix socket."""
        port = f"&port={self.port}" if self.port else ""
        return f"postgresql+psycopg://gw@/{database}?host={self.place}{port}"

    def say(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run one statement as the administrator; return its rows."""
        dsn = f"host={self.place} user=gw dbname={database} port={self.port or 5432}"
        with psycopg.connect(dsn, autocommit=True) as conn:
            found = conn.execute(statement)
            return found.fetchall() if found.description else []

    def _run(self, program: str, *words: object) -> None:
        command = [*self._as, str(self._programs / program), *map(str, words)]
        done = (
            subprocess.run(
                command,
                check=False,
                cwd=self.place,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            if program == "initdb"
            else subprocess.run(  # the server would hold a pipe open
                command,
                check=False,
                cwd=self.place,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        )
        if done.returncode:
            log = self.place / "log"
            said = done.stdout or (log.read_text()[-2000:] if log.exists() else "")
            raise AssertionError(f"{program} failed: {said}")


@lru_cache(maxsize=1)
def shared_server() -> Server:
    """Return this process's server, with a template database; ended with the process."""
    server = Server()
    atexit.register(server.remove)
    server.start()
    server.say("CREATE DATABASE template_gw")
    made = open_store(server.url("template_gw"))
    upgrade(made, first_ticket=FIRST_TICKET)
    made.close()
    return server


@contextmanager
def database(name: str = "", template: str = "template_gw") -> Iterator[str]:
    """Give the URL of a fresh database with all tables (template0: without any)."""
    server = shared_server()
    name = name or f"t{next(_numbers)}"
    server.say(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    try:
        yield server.url(name)
    finally:
        server.say(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def fresh_store() -> Iterator[Store]:
    """Give an opened store of the newest revision in a database of its own."""
    with database() as url:
        opened = open_store(url)
        yield opened
        opened.close()


def database_of(url: str) -> str:
    """Return the database's name in a URL."""
    match = re.search(r"/([^/?]+)\?", url)
    assert match is not None, url
    return match[1]


def _children(parent: int) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(path.parent.name))
    return found


def _count() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


_numbers = _count()
