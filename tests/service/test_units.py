"""The unit files: systemd takes them, they expose little, and the operator's command fits them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from running import PROGRAM

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
        (place / unit.name).write_text(text)
    return place


def test_systemd_takes_the_units_without_a_word(units: Path) -> None:
    names = sorted(path.name for path in UNITS.iterdir())
    assert names == [
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
