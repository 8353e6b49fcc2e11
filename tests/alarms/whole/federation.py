"""A whole federation on this machine: an alarmer, the helpdesk's daemon, a mail server, sites.

Anna signs with DKIM, Postfix carries all mail, and each site's hook was set up by `init`: its way
in is what `init` prints. Everything that a hook gets is what the daemon sent.
"""

import email
import email.policy
import os
import re
import smtplib
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from typing import Any

from running import Helpdesk, until

from gateway.config.signingkeys import read_ed25519
from store.alarm_listing import AlarmRow, alarms
from store.engine import Store, open_store
from store.listing import outgoing
from store.ticket_listing import history
from tests.alarms.whole.ways import Ways
from tests.hook.site import SINK, Signer, Site
from tests.monitoring.programs import answers
from tests.ports import free_port
from tests.postfix.postfix import DOMAINS, PATH, Postfix
from tests.proofs import keys

WORLD = Path(__file__).parents[2] / "worlds" / "alarms.toml"
ANNA = "anna@vo.example"
ALARM = "alarm@helpdesk.example"
NOBODY = {"user": "nobody", "group": "nogroup", "extra_groups": []}
BY_ITSELF_S, BY_TIMER_S = 30.0, 120.0
_numbers = count(1)


class Federation:
    """`changes` are replacements in the daemon's configuration; `sites` have a hook each."""

    def __init__(
        self,
        place: Path,
        pyz: Path,
        dns_port: int,
        sites: Mapping[str, tuple[str, str]],
        changes: Mapping[str, str] | None = None,
        *,
        two_relays: bool = False,
    ) -> None:
        """Set all up, `sites` as {name: (system, way)}; nothing runs yet.

        With `two_relays` the first one can be taken away; both are doors of the one mail server.
        """
        self.place = place
        self.door = free_port()
        self.mta = Postfix(place / "mta", ("127.0.0.1", self.door), {
            "virtual_mailbox_domains": f"{DOMAINS} vo.example",
            "relay_domains": "helpdesk.example late.example site.example",
            "alias_maps": f"hash:{place}/mta/etc/aliases",
            "mail_spool_directory": f"{place}/mta/spool/",
            "recipient_delimiter": "",
            "smtp_tls_security_level": "none",  # nobody here speaks it, and asking takes a second
        })  # fmt: skip
        with (place / "mta/etc/boxes").open("a") as boxes:
            boxes.write("@vo.example all/\n")
        relay = f'url = "smtp://127.0.0.1:{self.mta.port}"'
        if two_relays:
            self.relay = free_port()
            relay = f'url = "smtp://127.0.0.1:{self.relay}"\nsecond_{relay}'
            self._open_first_relay()
        (place / "desk").mkdir()
        self.desk = Helpdesk(
            place / "desk",
            {
                'listen = "127.0.0.1:0"': f'listen = "127.0.0.1:{self.door}"',
                'url = "maildir:outgoing"': relay,
                "port = 5353": f"port = {dns_port}",
                **(changes or {}),
            },
            world=WORLD,
        )
        self.published = self._key_of_alarms()
        self.ways = Ways(place, self.mta)
        self.sites = {
            name: self._install(name, system, way, pyz) for name, (system, way) in sites.items()
        }
        self._store: Store | None = None

    def _key_of_alarms(self) -> str:
        """Make the key as docs/alarms.md says; return `KID=KEY` from what is printed for sites."""
        file = self.place / "desk" / "alarm.pem"
        done = self.desk.typed("keys", "alarm", file)
        found = re.search(r"--key (\w+)=(\S+)", done.out)
        assert found, done
        with self.desk.config.open("a") as config:
            config.write('[keys]\nalarm_key = { file = "alarm.pem" }\n')
        self.signer = Signer(found[1], read_ed25519(file.read_bytes()))
        return f"{found[1]}={found[2]}"

    def _install(self, name: str, system: str, way: str, pyz: Path) -> Site:
        """Set a hook up as docs/hook.md says, and its mail server's lines as `init` prints them."""
        local = name.removeprefix("T1-").lower()
        place = self.place / local
        place.mkdir(mode=0o755)
        site = Site(place, pyz, self.signer, helpdesk="helpdesk.example", called=(name,))
        done = site.run(
            "init", system, "--site", name, "--helpdesk", "helpdesk.example",
            "--key", self.published, "--from", "alarms@site.example",
            "--directory", str(site.directory), "--user", "nobody",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        printed = done.stdout.decode()
        for line in re.findall(r"(?m)^  (chown .*|install .*)$", printed):
            subprocess.run(line.split(), check=True)
        edit(site, {
            'sendmail = "/usr/sbin/sendmail"':
                f'host = "127.0.0.1"\nport = {self.mta.port}\ntls = "off"',
            'admin = "root@localhost"': 'admin = "admin@operator.example"',
        })  # fmt: skip
        self.ways.let(local, way, printed)
        return site

    def start(self) -> None:
        """Start mail server and daemon."""
        self.ways.start()
        self.mta.begin()
        self.desk.start()
        self.mta.wait()
        self._store = open_store(self.desk.store_url)

    def stop(self) -> None:
        """Stop all."""
        if self._store is not None:
            self._store.close()
        self.desk.stop()
        self.ways.stop()
        self.mta.stop()

    def _open_first_relay(self) -> None:
        with (self.mta.place / "etc/master.cf").open("a") as master:
            master.write(f"127.0.0.1:{self.relay} inet n - n - - smtpd\n")

    @contextmanager
    def first_relay_down(self) -> Iterator[None]:
        """Take the first relay away for the length of a block."""
        master = self.mta.place / "etc/master.cf"
        text = master.read_text()
        master.write_text(re.sub(rf"(?m)^127.0.0.1:{self.relay} .*\n", "", text))
        self._reload(open_after=False)
        yield
        self._open_first_relay()
        self._reload(open_after=True)

    def _reload(self, *, open_after: bool) -> None:
        command = ["postfix", "-c", str(self.mta.place / "etc"), "reload"]
        subprocess.run(command, env=os.environ | {"PATH": PATH}, check=True, capture_output=True)
        until(lambda: answers(self.relay) == open_after, "the first relay's door")

    def raised(self, name: str, text: str = "SRM refuses every connection.") -> int:
        """Raise an alarm at a site, by a signed mail of Anna's; return the ticket's number."""
        subject = f"Alarm {next(_numbers)} at {name}"
        self.hand_over(self.signed(ALARM, subject, f"Site: {name}\nVO: atlas\n\n{text}"), ALARM)

        def look() -> list[int]:
            return [row.ticket for row in self.alarms() if row.subject == subject]

        found: list[int] = self.until(look, subject)
        assert len(found) == 1
        return found[0]

    def signed(self, to: str, subject: str, text: str) -> bytes:
        """Return a mail of Anna's with the signature of her domain."""
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["From"], mail["To"], mail["Subject"] = f"Anna Alarmer <{ANNA}>", to, subject
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = f"<{os.urandom(8).hex()}@vo.example>"
        mail.set_content(text + "\n")
        return keys.signed(bytes(mail))

    def hand_over(self, raw: bytes, to: str, mail_from: str = ANNA) -> None:
        """Give a mail to the mail server."""
        with smtplib.SMTP("127.0.0.1", self.mta.port, timeout=30) as client:
            client.sendmail(mail_from, [to], raw)

    def solved_by_anna(self, ticket: int) -> None:
        """Let Anna answer what she was sent: it is solved."""
        to = self.mails(ANNA, ticket)[0]["Reply-To"]
        raw = self.signed(to, f"Re: #{ticket}", "Status: solved\n\nIt works again.")
        self.hand_over(raw, to)

    def alarms(self, drill: str | None = None) -> list[AlarmRow]:
        """Return all alarms that are no exercise, or those of a drill."""
        assert self._store is not None
        return alarms(self._store, drill=drill, over=True)

    def alarm(self, ticket: int) -> AlarmRow:
        """Return how far an alarm has come."""
        (row,) = (row for row in self.alarms() if row.ticket == ticket)
        return row

    def history(self, ticket: int) -> list[Any]:
        """Return what happened to a ticket."""
        assert self._store is not None
        return list(history(self._store, ticket))

    def tried(self, ticket: int) -> bool:
        """Whether the alarm mail of a ticket was tried in vain."""
        assert self._store is not None
        rows = outgoing(self._store, ticket=ticket)
        return any(row.kind == "alarm" and row.last_error for row in rows)

    def mails(self, to: str, ticket: int) -> list[EmailMessage]:
        """Return the mails about a ticket that were delivered to somebody, oldest first."""
        policy = email.policy.default
        found = [email.message_from_string(text, policy=policy) for text in self.mta.mails(to)]
        return [mail for mail in found if str(ticket) in mail["Subject"]]

    def told(self, to: str, ticket: int, words: str) -> None:
        """Wait until somebody was mailed these words about a ticket."""

        def look() -> bool:
            return any(words in text_of(mail) for mail in self.mails(to, ticket))

        self.until(look, f"{to} hears {words!r}")

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait for something; a failure shows what all of them said.

        What does not come by itself comes by each hook's timer, which runs as rarely as cron does.
        """
        try:
            return until(condition, what, BY_ITSELF_S)
        except AssertionError:
            for site in self.sites.values():
                timer(site)
        try:
            return until(condition, what, BY_TIMER_S)
        except AssertionError as error:
            said = [site.run("status", **NOBODY).stdout.decode() for site in self.sites.values()]
            logs = "\n".join([str(error), *said, self.mta.log(), self.desk.tail()])
            raise AssertionError(logs) from None


def text_of(mail: EmailMessage) -> str:
    """Return a mail's plain text on one line."""
    body = mail.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def edit(site: Site, changes: Mapping[str, str]) -> None:
    """Change a hook's configuration as a person would."""
    text = site.file.read_text()
    for old, new in changes.items():
        assert old in text, (old, text)
        text = text.replace(old, new)
    site.file.write_text(text)


def show_by_command(site: Site) -> None:
    """Let the site's monitoring be a command that writes what it is told into `mon.shown`."""
    site.place.chmod(0o777)
    edit(site, {"/usr/local/bin/page-somebody": str(site.program("mon", SINK))})


def timer(site: Site) -> None:
    """Do what cron does each minute."""
    done = site.run("resync", **NOBODY)
    assert done.returncode == 0, done.stderr
