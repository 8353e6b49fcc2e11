"""A peer: Request Tracker 5 of Debian on SQLite, two Starlet workers, mail by HTTP.

Database, configuration and caches lie in the benchmark's scratch directory; what the system has
configured is not read and not changed. Everybody may open tickets by mail.
"""

import http.client
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.letters import Letter
from torture.books import opened

LIBEXEC = Path("/usr/share/request-tracker5/libexec/rt-server")
NEEDED = ("rt-setup-database-5", "rt-mailgate-5")
TIMEOUT_S = 120.0
_CONFIG = """Set($rtname, 'bench');
Set($Organization, 'bench.example');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {port});
Set($DatabaseType, 'SQLite');
Set($DatabaseName, '{place}/rt.db');
Set($MailCommand, 'testfile');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'error');
$RT::VarPath = '{place}/var';
$RT::MasonDataDir = '{place}/mason';
$RT::MasonSessionDir = '{place}/session';
1;
"""
_RIGHTS = (
    "@ACL = map { { Right => $_, GroupDomain => 'SystemInternal', GroupType => 'Everyone' } }"
    " qw(CreateTicket ReplyToTicket SeeQueue);\n1;\n"
)


def missing() -> str:
    """Return why RT cannot be measured, "" if it can."""
    absent = [name for name in NEEDED if shutil.which(name, path="/usr/sbin:/usr/bin") is None]
    if absent or not LIBEXEC.exists():
        return "request-tracker5, rt5-db-sqlite or rt5-standalone is not installed"
    return ""


class Tracker:
    """A running RT."""

    def __init__(self, place: Path, port: int) -> None:
        self._place, self._port = place, port
        for name in ("conf", "conf.d", "var", "mason", "session", "tmp"):
            (place / name).mkdir(parents=True)
        config = place / "conf" / "RT_SiteConfig.pm"
        config.write_text(_CONFIG.format(port=port, place=place))
        (place / "rights").write_text(_RIGHTS)
        self.env = os.environ | {
            "RT_SITE_CONFIG": str(config),
            "RT_SITE_CONFIG_DIR": str(place / "conf.d"),
            "TMPDIR": str(place / "tmp"),  # RT's own mail goes here, to a file
        }
        setup = ["rt-setup-database-5", "--action"]
        self._run([*setup, "init", "--dba", "", "--dba-password", "", "--skip-create"])
        self._run([*setup, "insert", "--datafile", str(place / "rights")])

    def mailgate(self, letter: Letter) -> None:
        """Deliver a mail as an MTA's alias does."""
        url = f"http://127.0.0.1:{self._port}/"
        gate = ["rt-mailgate-5", "--queue", "General", "--action", "correspond", "--url", url]
        self._run(gate, letter.raw)

    def post(self, letter: Letter) -> None:
        """Deliver a mail as rt-mailgate does, without starting a program for it."""
        line = 'Content-Disposition: form-data; name="{}"\r\n\r\n'
        fields = {"SessionType": b"REST", "queue": b"General", "action": b"correspond"}
        parts = [
            b"--=form\r\n" + line.format(name).encode() + value + b"\r\n"
            for name, value in (fields | {"message": letter.raw}).items()
        ]
        head = {"Content-Type": "multipart/form-data; boundary==form"}
        peer = http.client.HTTPConnection("127.0.0.1", self._port, timeout=TIMEOUT_S)
        body = b"".join(parts) + b"--=form--\r\n"
        peer.request("POST", "/REST/1.0/NoAuth/mail-gateway", body, head)
        said = peer.getresponse().read()
        peer.close()
        if not said.startswith(b"ok"):
            raise RuntimeError(f"RT said {said[:200]!r}")

    def subjects(self) -> list[str]:
        """Return the subjects of all tickets."""
        with opened(self._place / "rt.db") as conn:
            return [row[0] for row in conn.execute("SELECT Subject FROM Tickets")]

    def wait(self) -> None:
        """Wait until it answers."""
        until = time.monotonic() + TIMEOUT_S
        while time.monotonic() < until:
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
                return
            time.sleep(0.2)  # between two looks
        raise RuntimeError("RT does not answer")

    def _run(self, words: list[str], said: bytes = b"") -> None:
        subprocess.run(
            words, input=said, capture_output=True, env=self.env, check=True, timeout=TIMEOUT_S
        )


@contextmanager
def server(place: Path) -> Iterator[Tracker]:
    """Run an RT of its own for the length of a block."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    tracker = Tracker(place, port)
    words = [LIBEXEC, "--server", "Starlet", "--host", "127.0.0.1", "--port", str(port)]
    with (
        (place / "server.log").open("wb") as log,
        subprocess.Popen(
            [*words, "--max-workers", "2"], stdout=log, stderr=log, env=tracker.env
        ) as process,
    ):
        try:
            tracker.wait()
            yield tracker
        finally:
            process.terminate()
