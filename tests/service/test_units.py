"""The unit files: systemd takes them, they expose little, and the operator's command fits them."""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from confine import directives
from running import PROGRAM, Helpdesk

from gateway.processes.forked import OOM_STEP

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "packaging" / "systemd"
SERVICE = UNITS / "ticketgate.service"
EXPOSURE_AT_MOST = 20  # tenths: systemd-analyze calls up to 2.0 "OK"; 9.6 is a unit without any
USER = "nobody"

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd's tools are not installed"
)


@pytest.fixture
def units(place: Path) -> Path:
    """The units with the program of this checkout, so that they name one that exists."""
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/opt/ticketgate/.venv/bin/ticketgate", str(PROGRAM))
        text = text.replace("file:/opt/ticketgate", f"file:{ROOT}")
        text = text.replace("/usr/local/sbin/ticketgate", f"{ROOT}/packaging/ticketgate")
        (place / unit.name).write_text(text)
    return place


def test_systemd_takes_the_units_without_a_word(units: Path) -> None:
    names = sorted(path.name for path in UNITS.iterdir())
    assert names == [
        "ticketgate-drill@.service", "ticketgate-drill@.timer",
        "ticketgate-lmtp.socket", "ticketgate-smtp.socket", "ticketgate-web.socket",
        "ticketgate.service",
    ]  # fmt: skip
    done = subprocess.run(
        ["systemd-analyze", "verify", *(units / name for name in names)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "ticketgate" in line]
    assert ours == []
    assert done.returncode == 0


def test_the_service_is_little_exposed(units: Path) -> None:
    done = subprocess.run(
        [
            "systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE_AT_MOST}",
            "--no-pager", units / "ticketgate.service",
        ],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert "exposure level" in done.stdout, done.stderr
    assert done.returncode == 0, done.stdout[-300:]


def test_every_socket_has_the_name_of_a_door() -> None:
    names = {}
    for unit in UNITS.glob("*.socket"):
        text = unit.read_text()
        assert "Service=ticketgate.service" in text
        names[unit.name] = re.findall(r"(?m)^FileDescriptorName=(\w+)$", text)
    assert names == {f"ticketgate-{one}.socket": [one] for one in ("smtp", "lmtp", "web")}


def test_a_start_that_fails_is_tried_for_ever() -> None:
    text = SERVICE.read_text()
    assert "\nStartLimitIntervalSec=0\n" in text
    assert "\nRestart=on-failure\n" in text


def test_to_a_kernel_that_needs_memory_roles_are_like_any_program() -> None:
    """And the supervisor is spared, with which all of them would die."""
    assert int(directives(SERVICE)["OOMScoreAdjust"][-1]) == -OOM_STEP


def test_the_timer_of_drills_starts_them_at_an_hour_that_people_expect() -> None:
    text = (UNITS / "ticketgate-drill@.timer").read_text()
    (when,) = re.findall(r"(?m)^OnCalendar=(.*)$", text)
    asked = ["systemd-analyze", "calendar", "--iterations=3", "--base-time=2026-11-28", when]
    done = subprocess.run(
        asked,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=os.environ | {"TZ": "UTC"},
    )
    days = re.findall(r"(\w{3} \d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}) UTC", done.stdout)
    assert days == ["Tue 2026-12-01 10:00:00", "Tue 2027-01-05 10:00:00", "Tue 2027-02-02 10:00:00"]
    assert "\nPersistent=no\n" in text, "nothing is made up for at night"


def test_the_command_of_the_drills_unit_raises_a_drill_once(place: Path) -> None:
    """The words of ExecStart as systemd fills them in, with the program behind the command."""
    unit = UNITS / "ticketgate-drill@.service"
    assert "\nRequisite=ticketgate.service\n" in unit.read_text()
    words = directives(unit)["ExecStart"][-1].split()
    filled = [{"%I": "atlas", "${BY}": "anna@cern.example"}.get(word, word) for word in words]
    assert filled.pop(0) == "/usr/local/sbin/ticketgate"
    helpdesk = Helpdesk(place)

    def raised() -> list[str]:
        return subprocess.run(
            [PROGRAM, *filled, "--config", helpdesk.config],
            capture_output=True, text=True, check=True, timeout=60, env=helpdesk.env,
        ).stdout.splitlines()  # fmt: skip

    helpdesk.start()
    try:
        day = datetime.now(UTC).date()
        first, again = raised(), raised()
        if datetime.now(UTC).date() != day:  # a drill has the name of its day, and a new one began
            first, again = again, raised()
    finally:
        helpdesk.stop()
    assert [line.split(":")[0] for line in first] == ["FZK-LCG2", "INFN-T1", "pic"]
    assert all(": has its alarm of drill atlas-" in line for line in again)
    assert len(again) == len(first)
