"""A real Dovecot in a scratch directory: mailboxes on loopback, driven by an IMAPClient."""

import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import imapclient
from running import until

from tests.ports import free_port

PROGRAM = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
PASSWORD = "secret-of-tests"
SETTINGS = """\
base_dir = {place}/run
state_dir = {place}/state
log_path = {place}/log
protocols = imap
mail_location = maildir:{place}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 0
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
default_process_limit = 20
mail_plugins = acl
disable_plaintext_auth = no
maildir_very_dirty_syncs = yes
mailbox_idle_check_interval = 1 secs
{tls}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={place}/home/%u
}}
plugin {{
  acl = vfile:{place}/acl
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


def why_not() -> str:
    """Return why Dovecot cannot be started here, "" when it can."""
    return "" if PROGRAM else "Dovecot is not installed"


class Dovecot:
    """A server on 127.0.0.1: `port` with STARTTLS or none, `tls_port` with TLS if there is a cert.

    Every user name has a mailbox, with PASSWORD. `more` are further settings.
    """

    def __init__(
        self, place: Path, certificate: tuple[Path, Path] | None = None, more: str = ""
    ) -> None:
        place.mkdir(parents=True, exist_ok=True)
        self.place = place
        self.port = free_port()
        self.tls_port = free_port() if certificate else 0
        self._tls = certificate is not None
        owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())
        tls = "ssl = no"
        if certificate is not None:
            for path in certificate:
                shutil.copy(path, place)
            cert, key = (place / path.name for path in certificate)
            tls = f"ssl = yes\nssl_cert = <{cert}\nssl_key = <{key}"
        for name in ("run", "state", "mail", "home", "acl"):
            (place / name).mkdir(parents=True, exist_ok=True)
        group = subprocess.run(
            ["id", "-gn", owner.pw_name], capture_output=True, text=True, check=True
        ).stdout.strip()
        self._settings = place / "dovecot.conf"
        self._settings.write_text(
            SETTINGS.format(
                place=place, uid=owner.pw_uid, gid=owner.pw_gid, user=owner.pw_name, group=group,
                port=self.port, tls_port=self.tls_port, tls=tls, password=PASSWORD,
            )
            + more
        )  # fmt: skip
        self._prefix: list[str] = []
        if os.geteuid() == 0:
            # the program looks for nothing in the environment, and login processes refuse root
            self._prefix = ["setpriv", f"--reuid={owner.pw_uid}", f"--regid={owner.pw_gid}",
                            "--clear-groups"]  # fmt: skip
            for path in (place, *place.rglob("*")):
                os.chown(path, owner.pw_uid, owner.pw_gid)
            for path in place.parents:
                if path.is_relative_to("/tmp") and path != Path("/tmp"):
                    path.chmod(0o755)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait for its greeting."""
        assert PROGRAM is not None
        self._process = subprocess.Popen(
            [*self._prefix, PROGRAM, "-F", "-c", self._settings],
            stdout=(self.place / "start.log").open("ab"),
            stderr=subprocess.STDOUT,
        )
        try:
            until(self._greets, "Dovecot greets")
        except AssertionError as error:
            raise AssertionError(f"{error}; {(self.place / 'start.log').read_text()}") from None

    def stop(self) -> None:
        """Stop it in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it and its workers, as a crash of the machine would."""
        self._end(signal.SIGKILL)

    def workers(self) -> list[int]:
        """Return the processes that the master has started."""
        assert self._process is not None
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(path.read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue  # it ended meanwhile
            if parent == self._process.pid:
                found.append(int(path.parent.name))
        return found

    @contextmanager
    def client(self, user: str, folder: str = "INBOX") -> Iterator[imapclient.IMAPClient]:
        """Give a client that is logged in, with a folder selected."""
        with imapclient.IMAPClient("127.0.0.1", self.port, ssl=False, timeout=20) as client:
            client.login(user, PASSWORD)
            client.select_folder(folder)
            yield client

    def fill(self, user: str, mails: list[bytes], folder: str = "INBOX") -> None:
        """Put mails into a folder over IMAP."""
        with self.client(user) as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            for raw in mails:
                client.append(folder, raw)

    def deliver(self, user: str, mails: Iterable[bytes]) -> int:
        """Put mails into INBOX as files, which is quicker for thousands; return their bytes."""
        with self.client(user):
            pass  # makes the maildir
        place, size = self.place / "mail" / user, 0
        owner = (place / "cur").stat()
        for number, raw in enumerate(mails):
            path = place / "cur" / f"{1_700_000_000 + number}.{number}.mx.example:2,"
            size += path.write_bytes(raw.replace(b"\r\n", b"\n"))
            os.chown(path, owner.st_uid, owner.st_gid)
        return size

    def count(self, user: str, folder: str = "INBOX") -> int:
        """Return how many mails lie in a folder, 0 when it is not there."""
        with self.client(user) as client:
            if not client.folder_exists(folder):
                return 0
            return int(client.folder_status(folder, ["MESSAGES"])[b"MESSAGES"])

    def forbid(self, user: str, folder: str, rights: str = "lr") -> None:
        """Let the owner of a folder do only this (RFC 4314's letters); "" allows all again."""
        path = self.place / "mail" / user / folder_directory(folder) / "dovecot-acl"
        if rights:
            path.write_text(f"owner {rights}\n")
            path.chmod(0o644)
        else:
            path.unlink()

    def log(self) -> str:
        """Return the end of its log."""
        path = self.place / "log"
        return path.read_text("utf-8", "replace")[-2000:] if path.exists() else ""

    def _end(self, number: signal.Signals) -> None:
        process = self._process
        if process is None or process.poll() is not None:
            return
        workers = self.workers()
        process.send_signal(number)
        process.wait(timeout=60)
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        until(lambda: not any(map(is_there, workers)), "nobody has its ports or files any more")
        self._process = None

    def _greets(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as peer:
                return peer.recv(100).startswith(b"* OK")
        except OSError:
            return False


def is_there(pid: int) -> bool:
    """Whether a process is there; a zombie holds nothing."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def folder_directory(folder: str) -> str:
    """Return the directory of a folder in its user's maildir."""
    return "" if folder == "INBOX" else f".{folder}"


def trusting(ca: Path) -> ssl.SSLContext:
    """Return a context that believes this authority only."""
    return ssl.create_default_context(cafile=str(ca))
