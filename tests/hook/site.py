"""A site with a hook: its configuration, a sink and a sendmail that can be taken away, and a
helpdesk's key to sign alarms with."""

import base64
import json
import subprocess
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.hook.config_keys import read_config
from gateway.hook.hook import Hook, open_hook
from gateway.hook.spool import keep
from gateway.hook.verify import key_name
from parsers.alarm import VALID_FOR, Alarm, AlarmEvent, AlarmStatus, Mode, Severity
from parsers.alarm_document import signed_content, write_alarm

HELPDESK = "helpdesk.example.org"
SITE = "T1-EX"
REPLY_TO = "reply+atoken77@helpdesk.example.org"
PYTHON = "/usr/bin/python3"
SINK = """#!/bin/sh
# A monitoring system: shows what it is told, unless it is down.
[ -e {place}/{name}.down ] && exit 75
[ -e {place}/{name}.refuses ] && exit 65
printf '%s %s %s %s %s\\n' "$ALARM_ID" "$ALARM_SEQ" "$ALARM_STATUS" "$ALARM_MODE" "$ALARM_OPEN" \\
  >> {place}/{name}.shown
"""
SENDMAIL = """#!/bin/sh
# A mail system: $5 is the recipient. A letter is named by its moment: a file's own time is coarser.
[ -e {place}/mail.down ] && exit 75
cat > {place}/sent/.$$ && mv {place}/sent/.$$ {place}/sent/$5.$(date +%s.%N).$$
"""


def utc() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def alarm(seq: int = 1, **changes: Any) -> Alarm:
    """An alarm as the helpdesk issues it now; a higher `seq` is issued a second later each."""
    now = utc() + timedelta(seconds=seq)
    usual = Alarm(
        event_id=token_urlsafe(16), alarm_id=f"{HELPDESK}/900001", ticket="900001", seq=seq,
        event=AlarmEvent.OPEN if seq == 1 else AlarmEvent.UPDATE, status=AlarmStatus.FIRING,
        severity=Severity.CRITICAL, mode=Mode.ACTUAL, site=SITE, vo="cms", service="srm",
        summary="SRM endpoint down", starts_at=now - timedelta(hours=1), updated_at=now,
        issued_at=now, expires_at=now + VALID_FOR, nonce=token_urlsafe(16), reply_to=REPLY_TO,
    )  # fmt: skip
    return replace(usual, **changes)


@dataclass
class Signer:
    """A key of a helpdesk."""

    kid: str = ""  # the name of the key if left
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def __post_init__(self) -> None:
        self.kid = self.kid or key_name(self.key.public_key().public_bytes_raw())

    @property
    def public(self) -> str:
        raw = self.key.public_key().public_bytes_raw()
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()

    def signature(self, document: str) -> str:
        raw = self.key.sign(signed_content(document.encode()))
        return f"{self.kid}:{base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"

    def mail(self, document: str | Alarm, signed: str | None = None) -> bytes:
        r"""An alarm mail with `\r\n`; `signed` in place of the right signature line."""
        text = document if isinstance(document, str) else write_alarm(document)
        mail = EmailMessage(policy=SMTP)
        mail["From"] = f"noreply-alarm@{HELPDESK}"
        mail["To"] = "alarms@site.example.com"
        mail["Subject"] = "[ALARM 900001] FIRING CRITICAL T1-EX cms: SRM endpoint down"
        mail["Reply-To"] = REPLY_TO
        mail.set_content("Alarm-Id: helpdesk.example.org/900001\nEvent: open\n")
        mail.make_mixed()
        for body, kind, name in (
            (text, "json", "alarm.json"),
            (self.signature(text) if signed is None else signed, "octet-stream", "alarm.json.sig"),
        ):
            part = EmailMessage(policy=SMTP)
            part.set_content(body + "\n", cte="7bit")
            part.replace_header("Content-Type", f'application/{kind}; name="{name}"')
            part["Content-Disposition"] = f'attachment; filename="{name}"'
            mail.attach(part)
        return bytes(mail)


@dataclass
class Site:
    """The site below `place`. `clock` is added to the hook's time in this process."""

    place: Path
    pyz: Path
    signer: Signer = field(default_factory=Signer)
    clock: timedelta = timedelta()
    sinks: tuple[str, ...] = ("mon",)
    fallback: str = ""
    extra: str = ""
    admin: str = "admin@site.example.com"
    helpdesk: str = HELPDESK
    called: tuple[str, ...] = (SITE, "T2-EX")

    @property
    def directory(self) -> Path:
        return self.place / "spool"

    @property
    def file(self) -> Path:
        return self.place / "hook.toml"

    def write(self) -> None:
        (self.place / "sent").mkdir(exist_ok=True)
        self.program("sendmail", SENDMAIL)
        blocks = ""
        for name in [*self.sinks, *([self.fallback] if self.fallback else [])]:
            command = self.program(name, SINK)
            blocks += f'[[sink]]\nname = "{name}"\nkind = "exec"\ncommand = ["{command}"]\n'
            blocks += "fallback = true\n" if name == self.fallback else ""
        self.file.write_text(
            f"""sites = {json.dumps(self.called)}
directory = "{self.directory}"
admin = "{self.admin}"
[helpdesk."{self.helpdesk}"]
keys = {{ "{self.signer.kid}" = "{self.signer.public}" }}
[mail]
from = "alarms@site.example.com"
sendmail = "{self.place}/sendmail"
{blocks}
{self.extra}
"""
        )

    def program(self, name: str, text: str) -> Path:
        path = self.place / name
        path.write_text(text.format(place=self.place, name=name))
        path.chmod(0o755)
        return path

    def hook(self) -> Hook:
        return open_hook(read_config(self.file), lambda: utc() + self.clock)

    def keep(self, raw: bytes) -> Path:
        return keep(self.directory, raw)

    def keep_at(self, raw: bytes, later: timedelta) -> None:
        """Spool a mail as if it came later."""
        path = self.keep(raw)
        stamp_ns, _, rest = path.name.partition(".")
        later_ns = int(stamp_ns) + int(later.total_seconds() * 1e9)
        path.rename(path.with_name(f"{later_ns:020}.{rest}"))

    def run(self, *words: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """One call of the program, in the barest environment that a mail server may give."""
        options = {"env": {}, "cwd": "/", "capture_output": True, "timeout": 60, **options}
        return subprocess.run(self.command(*words), check=False, **options)

    def command(self, *words: str) -> list[str]:
        return [PYTHON, "-I", "-S", str(self.pyz), "--config", str(self.file), *words]

    def deliver(self, raw: bytes, **options: Any) -> int:
        done = self.run("deliver", input=raw, **options)
        assert (done.stdout, done.stderr) == (b"", b"")
        return done.returncode

    def shown(self, name: str = "mon") -> list[str]:
        path = self.place / f"{name}.shown"
        return path.read_text().splitlines() if path.exists() else []

    def sent(self, to: str = REPLY_TO) -> list[str]:
        return [path.read_text() for path in sorted((self.place / "sent").glob(f"{to}.*"))]

    def events(self) -> list[str]:
        return [
            line.partition(": ")[2]
            for text in self.sent()
            for line in text.splitlines()
            if line.startswith("Event: ")
        ]

    def take_down(self, name: str) -> None:
        (self.place / f"{name}.down").touch()

    def bring_up(self, name: str) -> None:
        (self.place / f"{name}.down").unlink()

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.run("status", "--json").stdout)
        return found

    def names(self, folder: str) -> list[str]:
        directory = self.directory / folder
        return sorted(one.name for one in directory.iterdir()) if directory.exists() else []
