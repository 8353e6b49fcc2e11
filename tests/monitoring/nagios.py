"""A Nagios in a scratch directory that takes commands from a pipe, with the hook's own objects."""

import os
from pathlib import Path

from running import until

from gateway.hook.setup.snippets import snippet
from tests.monitoring.programs import SITE, Program, Recorder, give_away, needed

MAIN = """\
log_file={place}/nagios.log
cfg_file={place}/times.cfg
cfg_file={place}/alarms.cfg
object_cache_file={place}/objects.cache
precached_object_file={place}/objects.precache
status_file={place}/status.dat
command_file={place}/rw/nagios.cmd
query_socket={place}/rw/nagios.qh
lock_file={place}/nagios.lock
temp_file={place}/tmp/nagios.tmp
temp_path={place}/tmp
log_archive_path={place}/archives
check_result_path={place}/checkresults
state_retention_file={place}/retention.dat
retain_state_information=1
execute_service_checks=0
execute_host_checks=0
use_syslog=0
check_result_reaper_frequency=1
"""
DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


class Nagios:
    """A server with the service `alarm-tickets` on host SITE; it shows its state each second."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.command_file = place / "rw" / "nagios.cmd"
        self.status_file = place / "status.dat"
        for name in ("rw", "tmp", "archives", "checkresults"):
            (place / name).mkdir(parents=True)
        self.recorder = Recorder(place)
        hours = "".join(f" {day} 00:00-24:00\n" for day in DAYS)
        (place / "times.cfg").write_text(
            f"define timeperiod {{\n timeperiod_name 24x7\n alias always\n{hours}}}\n"
        )
        objects = snippet("nagios-objects.cfg", SITE, str(self.recorder.path))
        (place / "alarms.cfg").write_text(objects)
        main = snippet("nagios-main.cfg", SITE).replace(
            "status_update_interval=5", "status_update_interval=1"
        )
        (place / "nagios.cfg").write_text(MAIN.format(place=place) + main)
        give_away(place)
        program = [needed("nagios4"), place / "nagios.cfg"]
        self._program = Program("nagios", program, place / "out.log")

    def start(self) -> None:
        """Start it and wait for its pipe and its first status."""
        self.command_file.unlink(missing_ok=True)
        self.status_file.unlink(missing_ok=True)
        self._program.start(lambda: self.command_file.is_fifo() and self.status_file.exists())

    def stop(self) -> None:
        """Stop it, and wait for the child that reads its pipe."""
        self._program.stop()
        until(lambda: not self._is_read(), "nobody reads the pipe")

    def _is_read(self) -> bool:
        try:
            os.close(os.open(self.command_file, os.O_WRONLY | os.O_NONBLOCK))
        except OSError:
            return False
        return True

    def command(self, text: str) -> None:
        """Give a command as an operator would."""
        with self.command_file.open("w") as pipe:
            pipe.write(f"[0] {text}\n")

    def service(self, name: str = "alarm-tickets") -> dict[str, str]:
        """Return a service as the status file has it."""
        for block in self.status_file.read_text().split("\n\n"):
            lines = [one.strip() for one in block.strip().splitlines()]
            if lines and lines[0] == "servicestatus {":
                values = dict(one.split("=", 1) for one in lines[1:] if "=" in one)
                if values["service_description"] == name:
                    return values
        return {}

    def log(self) -> str:
        """Return its log."""
        return (self.place / "nagios.log").read_text("utf-8", "replace")
