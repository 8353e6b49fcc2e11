"""The unit files: systemd takes them, they expose little, and the operator's command fits them."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from confine import directives
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


def test_the_operators_command_uses_what_the_service_uses() -> None:
    command = ROOT / "packaging" / "ticketgate"
    subprocess.run(["sh", "-n", command], check=True, timeout=30)
    text, unit = command.read_text(), directives(SERVICE)
    program, _, config = unit["ExecStart"][-1].partition(" serve --config ")
    assert f"program={program}\n" in text
    assert f"TICKETGATE_CONFIG:-{config}}}" in text
    assert f"--reuid={unit['User'][-1]} --regid={unit['Group'][-1]}" in text
    assert "/run/credentials/ticketgate.service" in text
    assert f"cd {unit['WorkingDirectory'][-1]}\n" in text
    assert os.access(command, os.X_OK)


def test_a_start_that_fails_is_tried_for_ever() -> None:
    text = SERVICE.read_text()
    assert "\nStartLimitIntervalSec=0\n" in text
    assert "\nRestart=on-failure\n" in text


root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can confine a process")


def operators_command(place: Path) -> Path:
    """Return the operator's command with every path below `place`, and a program that looks."""
    text = (ROOT / "packaging" / "ticketgate").read_text()
    for path in ("/opt/ticketgate", "/etc/ticketgate", "/var/lib/ticketgate", "/run/"):
        text = text.replace(path, f"{place}{path}")
    text = text.replace("reuid=ticketgate --regid=ticketgate", f"reuid={USER} --regid=nogroup")
    text = text.replace("-o ticketgate -g ticketgate", f"-o {USER} -g nogroup")
    text = text.replace("chown ticketgate:ticketgate", f"chown {USER}:nogroup")
    for name in ("opt/ticketgate/.venv/bin", "etc/ticketgate", "var/lib/ticketgate", "run"):
        (place / name).mkdir(parents=True)
    (place / "etc/ticketgate/credentials").mkdir(mode=0o700)
    (place / "etc/ticketgate/credentials/secret").write_text("kept")
    (place / "etc/ticketgate/credentials/secret").chmod(0o600)
    program = place / "opt/ticketgate/.venv/bin/ticketgate"
    program.write_text('#!/bin/sh\nid -un; cat "$CREDENTIALS_DIRECTORY/secret"; exit "$2"\n')
    program.chmod(0o755)
    (place / "command").write_text(text)
    place.chmod(0o755)
    return place / "command"


@root_only
@pytest.mark.parametrize("running", [True, False])
def test_the_operators_command_sees_the_secrets_whether_the_service_runs_or_not(
    place: Path, *, running: bool
) -> None:
    command = operators_command(place)
    if running:  # what systemd shows to the user of the service
        shown = place / "run/credentials/ticketgate.service"
        shown.mkdir(parents=True)
        (shown / "secret").write_text("shown")
    argv = ["sh", command, "mails", "7"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == (f"{USER}\n{'shown' if running else 'kept'}", "")
    assert done.returncode == 7
    assert [path.name for path in (place / "run").iterdir() if "credentials." in path.name] == []
