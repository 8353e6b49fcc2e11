"""A real Postfix in a scratch directory: hands mail to us, takes ours, delivers into a maildir."""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from running import until

from tests.ports import free_port

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
DOMAINS = (
    "physics.example roc.example fzk.example infn.example sara.example firstline.example "
    "operator.example"
)
MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


def why_not() -> str:
    """Return why Postfix cannot be started here, "" when it can."""
    if shutil.which("postfix", path=PATH) is None:
        return "Postfix is not installed"
    return "" if os.geteuid() == 0 else "Postfix has to be started as root"


class Postfix:
    """A running Postfix on 127.0.0.1:`port`.

    Mail for @helpdesk.example goes by `way`, such as lmtp:unix:/PATH, or by SMTP to HOST:PORT.
    `more` are further settings.
    """

    def __init__(
        self, place: Path, way: str | tuple[str, int], more: dict[str, str] | None = None
    ) -> None:
        if isinstance(way, tuple):
            way = f"smtp:[{way[0]}]:{way[1]}"
        self.place = place
        self.port = free_port()
        etc = place / "etc"
        nobody = pwd.getpwnam("nobody")
        for name in ("etc", "queue", "data", "mail"):
            (place / name).mkdir(parents=True)
        scratch = Path(tempfile.gettempdir())
        for path in (place, *place.parents):
            if path.is_relative_to(scratch) and path != scratch:
                path.chmod(0o755)
        os.chown(place / "mail", nobody.pw_uid, nobody.pw_gid)
        shutil.chown(place / "data", "postfix")
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": place / "queue",
            "data_directory": place / "data",
            "mail_owner": "postfix",
            "setgid_group": "postdrop",
            "myhostname": "mx.example",
            "mydestination": "",
            "mynetworks": "127.0.0.0/8",
            "inet_interfaces": "127.0.0.1",
            "inet_protocols": "ipv4",
            "relay_domains": "helpdesk.example late.example",
            "transport_maps": f"texthash:{etc}/ways",
            "default_transport": "error:nothing leaves this machine",
            "virtual_mailbox_domains": DOMAINS,
            "virtual_mailbox_base": place / "mail",
            "virtual_mailbox_maps": f"texthash:{etc}/boxes",
            "virtual_uid_maps": f"static:{nobody.pw_uid}",
            "virtual_gid_maps": f"static:{nobody.pw_gid}",
            "maillog_file": place / "mail.log",
            "maillog_file_prefixes": place,
            "queue_run_delay": "2s",
            "minimal_backoff_time": "2s",
            "maximal_backoff_time": "4s",
            "smtp_tls_security_level": "may",
            **(more or {}),
        }
        boxes = [f"@{domain} all/" for domain in DOMAINS.split() if domain != "roc.example"]
        boxes += [f"{name}@roc.example all/" for name in ("ngi-it", "ngi-nl", "carla")]
        (etc / "boxes").write_text("\n".join(boxes) + "\n")  # ngi-de@roc.example does not exist
        self._late = free_port()
        ways = (
            f"helpdesk.example {way}\n"
            f"late.example smtp:[127.0.0.1]:{self._late}\n"  # taken here, refused one hop later
        )
        (etc / "ways").write_text(ways)
        self._running: list[subprocess.Popen[bytes]] = []
        (etc / "main.cf").write_text("".join(f"{k} = {v}\n" for k, v in settings.items()))
        (etc / "master.cf").write_text(MASTER.format(port=self.port))

    def start(self) -> None:
        """Start it and wait for its greeting."""
        self.begin()
        self.wait()

    def begin(self) -> None:
        """Start it; something else may start meanwhile."""
        refuser = ["smtp-sink", "-u", "nobody", "-f", "RCPT", f"127.0.0.1:{self._late}", "10"]
        self._running.append(
            subprocess.Popen(refuser, env=os.environ | {"PATH": PATH}, stderr=subprocess.DEVNULL)
        )
        subprocess.Popen(
            ["postfix", "-c", self.place / "etc", "start-fg"],
            env=os.environ | {"PATH": PATH},
            stdout=(self.place / "start.log").open("w"),
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait(self) -> None:
        """Wait for its greeting."""
        until(self._greets, f"Postfix greets; {self.log()}")

    def stop(self) -> None:
        """Stop the one process that we started, by its pid, and wait for its children."""
        pid = int((self.place / "queue" / "pid" / "master.pid").read_text())
        group = os.getpgid(pid)
        os.kill(pid, signal.SIGTERM)
        until(lambda: not _is_there(group), "Postfix ends, and whoever writes for it")
        for process in self._running:
            process.terminate()
            process.wait(timeout=60)
        self._running.clear()

    def mails(self, to: str = "") -> list[str]:
        """Return the delivered mails, oldest first; of one recipient if given."""
        files = (self.place / "mail" / "all" / "new").glob("*")
        texts = [path.read_text("utf-8", "replace") for path in sorted(files, key=_delivered_at)]
        return [text for text in texts if f"\nDelivered-To: {to}" in "\n" + text]

    def queued(self) -> str:
        """Return the queue as postqueue prints it."""
        done = subprocess.run(
            ["postqueue", "-c", self.place / "etc", "-p"],
            env=os.environ | {"PATH": PATH},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        return done.stdout

    def log(self) -> str:
        """Return the end of its log."""
        return "\n".join(self.lines())[-3000:]

    def lines(self, *words: str) -> list[str]:
        """Return the lines of its log that hold all these words."""
        path = self.place / "mail.log"
        found = path.read_text().splitlines() if path.exists() else []
        return [line for line in found if all(word in line for word in words)]

    def _greets(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as peer:
                return peer.recv(100).startswith(b"220 ")
        except OSError:
            return False


def _delivered_at(mail: Path) -> tuple[int, int]:
    """Return second and microsecond of a delivery: Postfix names its file 17...VxIyM123.host."""
    second, micro = re.findall(r"^(\d+)\.V[0-9a-f]+I[0-9a-f]+M(\d+)\.", mail.name)[0]
    return int(second), int(micro)


def _is_there(group: int) -> bool:
    """Whether a process of this group runs; a zombie does not."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            state, _, its_group = stat.read_text().rpartition(")")[2].split()[:3]
            if int(its_group) == group and state != "Z":
                return True
    return False
