"""The two servers that bring results to a Nagios over the network, and their clients."""

import getpass
import os
from pathlib import Path

import pytest

from gateway.hook.setup.snippets import snippet
from tests.monitoring.nagios import Nagios
from tests.monitoring.programs import ROOT, SITE, Program, answers, give_away, needed
from tests.ports import free_port

NG_CLIENT = ROOT / ".tools" / "debian" / "usr" / "sbin" / "send_nsca"
NG_SERVER = """\
command_file = "{pipe}"
listen = "127.0.0.1:{port}"
pid_file = "{place}/nsca-ng.pid"
temp_directory = "{place}"
log_level = 3
"""
CLASSIC_SERVER = """\
pid_file={place}/nsca.pid
server_address=127.0.0.1
server_port={port}
nsca_user={user}
nsca_group={group}
command_file={pipe}
alternate_dump_file={place}/dump
aggregate_writes=0
append_to_file=0
max_packet_age=30
password=s3cret
decryption_method=16
"""


class Nsca:
    """nsca-ng on `ng_port`, the classic one on `port`; both write into the pipe of a Nagios."""

    def __init__(self, place: Path, nagios: Nagios) -> None:
        if not NG_CLIENT.exists():
            pytest.skip("nsca-ng-client is not unpacked (tests/servers/packages.txt)")
        self.ng_client, self.client = str(NG_CLIENT), needed("send_nsca")
        self.ng_port, self.port = free_port(), free_port()
        self.ng_config, self.config = place / "send_nsca-ng.cfg", place / "send_nsca.cfg"
        self.ng_config.write_text(snippet("send_nsca-ng.cfg", SITE))
        self.config.write_text("password=s3cret\nencryption_method=16\n")
        user, group = ("nobody", "nogroup") if os.geteuid() == 0 else (getpass.getuser(), "")
        ng, classic = place / "nsca-ng.cfg", place / "nsca.cfg"
        pipe = nagios.command_file
        ours = snippet("nsca-ng.cfg", SITE)
        ng.write_text(NG_SERVER.format(pipe=pipe, port=self.ng_port, place=place) + ours)
        classic.write_text(
            CLASSIC_SERVER.format(
                pipe=pipe, port=self.port, place=place, user=user, group=group or place.group()
            )
        )
        give_away(place)
        self._ng = Program(
            "nsca-ng", [needed("nsca-ng"), "-F", "-c", ng, "-l", "3"], place / "ng.log"
        )
        self._classic = Program("nsca", [needed("nsca"), "-f", "-c", classic], place / "log")

    def start(self) -> None:
        """Start both."""
        self._ng.start(lambda: answers(self.ng_port))
        self._classic.start(lambda: answers(self.port))

    def stop(self) -> None:
        """Stop both."""
        self._ng.stop()
        self._classic.stop()
