"""The ways from a mail server into a hook, made of the lines that `ticketgate-hook init` prints."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.imap.dovecot import Dovecot
from tests.ports import free_port
from tests.postfix.postfix import PATH, Postfix

# What a site has in its Dovecot anyway, or adds for the extension that the script needs.
DOVECOT = """\
protocols = imap lmtp
service lmtp {{
  chroot =
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
}}
protocol lmtp {{
  mail_plugins = sieve
}}
plugin {{
  sieve = file:{place}/%n.sieve
  sieve_plugins = sieve_extprograms
  sieve_extensions = +vnd.dovecot.pipe
  sieve_pipe_bin_dir = {place}/bin
  sieve_pipe_exec_timeout = 100s
}}
"""


def printed_lines(printed: str, server: str) -> str:
    """Return the lines that `init` prints for a mail server whose name begins like this."""
    found = re.search(rf"(?ms)^-- {re.escape(server)}[^\n]* --\n(.*?)(?=^-- |^== )", printed)
    assert found, (server, printed)
    return found[1].strip() + "\n"


class Ways:
    """Lets mail for alarms-LOCAL@site.example go to a hook: by alias, pipe, sieve or procmail."""

    def __init__(self, place: Path, mta: Postfix) -> None:
        self.place, self.mta = place / "ways", mta
        self.place.mkdir(mode=0o755)
        self.lmtp_port = free_port()
        self.dovecot: Dovecot | None = None
        self._rows: list[str] = []
        self._sieve: dict[str, str] = {}
        etc = mta.place / "etc"
        (etc / "aliases").write_text("")
        with (etc / "master.cf").open("a") as master:
            master.write("local unix - n n - - local\n")

    def let(self, local: str, way: str, printed: str) -> None:
        """Let mail for `local` go to the hook that printed this."""
        transport: str = getattr(self, f"_way_{way}")(local, printed)
        with (self.mta.place / "etc" / "ways").open("a") as ways:
            ways.write(f"alarms-{local}@site.example {transport}\n")

    def _way_alias(self, local: str, printed: str) -> str:
        line = re.findall(
            r"(?m)^echo '[^:']+: (.*)' > ", printed_lines(printed, "Postfix, an alias")
        )
        self._add_alias(f"alarms-{local}: {line[0]}\n")
        return "local:"

    def _way_pipe(self, local: str, printed: str) -> str:
        lines = printed_lines(printed, "Postfix, a transport")
        (lines,) = re.findall(r"(?m)^ticketgate-hook unix .*\n  flags=.*\n", lines)
        with (self.mta.place / "etc" / "master.cf").open("a") as master:
            master.write(lines.replace("ticketgate-hook", f"hook-{local}", 1))
        return f"hook-{local}:"

    def _way_procmail(self, local: str, printed: str) -> str:
        rules, box = self.place / f"{local}.procmailrc", self.place / f"box-{local}"
        box.mkdir()
        shutil.chown(box, "nobody")
        lines = printed_lines(printed, "procmail")
        rules.write_text(f"DEFAULT={box}/mails\nLOGFILE={box}/log\n{lines}")
        rules.chmod(0o644)  # procmail reads no file that others may write
        self._add_alias(f'alarms-{local}: "|/usr/bin/procmail {rules}"\n')
        return "local:"

    def _way_sieve(self, local: str, printed: str) -> str:
        lines = printed_lines(printed, "Dovecot Sieve")
        self._sieve[local] = lines
        return f"lmtp:inet:127.0.0.1:{self.lmtp_port}"

    def _add_alias(self, line: str) -> None:
        with (self.mta.place / "etc" / "aliases").open("a") as aliases:
            aliases.write(line)

    def start(self) -> None:
        """Make the aliases known, and start the Dovecot if there is a way through it."""
        subprocess.run(
            ["postalias", "-c", self.mta.place / "etc", f"hash:{self.mta.place}/etc/aliases"],
            env=os.environ | {"PATH": PATH}, check=True,
        )  # fmt: skip
        if not self._sieve:
            return
        place = self.place / "dovecot"
        (place / "bin").mkdir(parents=True)
        for local, lines in self._sieve.items():
            script, _, program_text = lines.partition("#!/bin/sh\n")
            (place / f"alarms-{local}.sieve").write_text(script)
            name = re.findall(r'(?m)^pipe .*"([^"]+)";', script)[0]
            program = place / "bin" / name
            program.write_text(f"#!/bin/sh\n{program_text}")
            program.chmod(0o755)
        self.dovecot = Dovecot(place, more=DOVECOT.format(place=place, port=self.lmtp_port))
        self.dovecot.start()

    def stop(self) -> None:
        """Stop it."""
        if self.dovecot is not None:
            self.dovecot.stop()
