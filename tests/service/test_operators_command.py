"""The operator's command: whose rights, whose secrets and whose name it takes."""

import os
import subprocess
from pathlib import Path

import pytest
from confine import directives

ROOT = Path(__file__).parents[2]
SERVICE = ROOT / "packaging" / "systemd" / "ticketgate.service"
USER = "nobody"
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


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


SEES = '#!/bin/sh\nid -un; cat "$CREDENTIALS_DIRECTORY/secret"; exit "$2"\n'
HEARS = '#!/bin/sh\nid -un; echo "$@"; for last; do :; done; cat "$last"\n'


def operators_command(place: Path, looks: str = SEES) -> Path:
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
    program.write_text(looks)
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


@root_only
@pytest.mark.parametrize(("word", "user"), [("check-config", USER), ("keys", "root")])
def test_the_next_start_is_checked_and_keys_are_made_with_the_secrets_that_are_kept(
    place: Path, word: str, user: str
) -> None:
    """The running service's secrets may be older; and only root may write beside the kept ones."""
    command = operators_command(place)
    shown = place / "run/credentials/ticketgate.service"
    shown.mkdir(parents=True)
    (shown / "secret").write_text("shown")
    argv = ["sh", command, word, "0"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == (f"{user}\nkept", "")


@root_only
@pytest.mark.parametrize("word", ["explain", "parse"])
def test_a_mail_is_explained_that_only_the_operator_can_read(place: Path, word: str) -> None:
    command = operators_command(place, HEARS)
    home = place / "home"
    home.mkdir(mode=0o700)
    (home / "a mail").write_text("Subject: A test")
    (home / "a mail").chmod(0o600)
    argv = ["sh", command, word, "--to", "a b@x.example", "a mail"]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=60, cwd=home,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    heard = f"{USER}\n{word} --to a b@x.example -\nSubject: A test"
    assert (done.stdout, done.stderr) == (heard, "")


@root_only
@pytest.mark.parametrize(("sudo", "name"), [({"SUDO_USER": "paula"}, "paula"), ({}, "root")])
def test_the_person_behind_a_command_is_named(place: Path, sudo: dict[str, str], name: str) -> None:
    command = operators_command(place, '#!/bin/sh\necho "$LOGNAME"\n')
    environment = {"PATH": os.environ["PATH"], **sudo}
    argv = ["sh", command, "confirm", "100001"]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    assert (done.stdout, done.stderr) == (f"{name}\n", "")
