"""A real name server for tests: nsd with zone files of ours, on loopback and an unprivileged port.

It is the authority of the zones that it is given and refuses every other name. A zone whose file is
not there is answered with SERVFAIL, as by a server that has lost it.
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import dns.flags
import dns.message
import dns.query
from running import until

from gateway.demo.people import NSD, NSD_ZONE

PROGRAM = shutil.which("nsd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
HEAD = """\
$TTL 600
@ IN SOA ns hostmaster 1 3600 600 86400 120
@ IN NS ns
ns IN A 127.0.0.1
"""
MORE = """\
server:
  rrl-ratelimit: 0
  verbosity: 1
"""


def txt(text: str) -> str:
    """Return a TXT record's data: strings of at most 250 characters."""
    pieces = [text[i : i + 250] for i in range(0, len(text), 250)] or [""]
    return " ".join('"' + piece.replace('"', '\\"') + '"' for piece in pieces)


class NameServer:
    """An nsd that serves `zones`, lines of records by domain; None for a zone that is lost."""

    def __init__(self, zones: Mapping[str, str | None], port: int) -> None:
        assert PROGRAM is not None
        self.port = port
        self.place = Path(tempfile.mkdtemp(prefix="nsd-"))
        parts = [NSD.format(port=port, place=self.place), MORE]
        for name, records in zones.items():
            if records is not None:
                (self.place / f"{name}.zone").write_text(HEAD + records)
            parts.append(NSD_ZONE.format(name=name))
        config = self.place / "nsd.conf"
        config.write_text("".join(parts))
        self.output = (self.place / "output").open("w")
        self.process = subprocess.Popen(
            [PROGRAM, "-d", "-c", config], stdout=self.output, stderr=self.output
        )
        try:
            until(self._answers, f"nsd answers: {self.place}")
        except BaseException:
            self.stop()
            raise

    def _answers(self) -> bool:
        assert self.process.poll() is None, (self.place / "nsd.log").read_text()
        try:
            question = dns.message.make_query("vo.example", "SOA")
            answer = dns.query.udp(question, "127.0.0.1", port=self.port, timeout=0.5)
        except Exception:
            return False
        return bool(answer.flags & dns.flags.AA)

    def stop(self) -> None:
        """End it, and take its files away."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.output.close()
        shutil.rmtree(self.place, ignore_errors=True)
