"""Secrets are followed, never shown."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.config.load import examine, load, policy
from tests.config.good import GOOD, SECRET


def test_a_secret_that_others_may_read_is_refused(folder: Path) -> None:
    for mode in (0o640, 0o604, 0o620):
        (folder / "secret").chmod(mode)
        (fault,) = examine(folder / "config.toml")[1]
        assert f"mode {mode:04o}" in fault.message
        assert "chmod 600" in fault.message


def test_a_short_secret_is_refused(folder: Path) -> None:
    (folder / "secret").write_text("short\n")
    (fault,) = examine(folder / "config.toml")[1]
    assert "16 bytes at least" in fault.message


def test_a_secret_comes_from_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELPDESK_SECRET", SECRET)
    path = folder / "config.toml"
    path.write_text(GOOD.replace('{ file = "secret" }', '{ env = "HELPDESK_SECRET" }'))
    assert load(path).helpdesk.secret.reveal() == SECRET.encode()


def test_a_secret_comes_from_the_service_manager(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder / "given"))
    (folder / "given").mkdir()
    (folder / "given" / "key").write_text(SECRET)
    path = folder / "config.toml"
    path.write_text(GOOD.replace('{ file = "secret" }', '{ credential = "key" }'))
    assert load(path).helpdesk.secret.reveal() == SECRET.encode()
    path.write_text(GOOD.replace('{ file = "secret" }', '{ credential = "../secret" }'))
    assert "plain name" in str(examine(path)[1][0])


def test_no_representation_of_a_configuration_holds_a_secret(folder: Path) -> None:
    config = load(folder / "config.toml")
    for text in (repr(config), str(config), repr(policy(config)), f"{config.helpdesk.secret}"):
        assert SECRET not in text


@pytest.mark.parametrize(
    "spoilt",
    [
        'secret = "hunter2-hunter2-hunter2"',
        'secret = ["hunter2-hunter2-hunter2"]',
        'secret = { value = "hunter2-hunter2-hunter2" }',
        'secret = { env = "hunter2-hunter2-hunter2" }',
        'secret = { env = ["hunter2-hunter2-hunter2"] }',
        'secrte = "hunter2-hunter2-hunter2"',
        'secret = { file = "secret" }\npassword = "hunter2-hunter2-hunter2"',
        'secret = { file = "secret" }\nname = ["hunter2-hunter2-hunter2"]',
        'secret = "hunter2-hunter2-hunter2',
    ],
)
def test_no_fault_repeats_a_secret_that_stands_in_the_wrong_place(
    folder: Path, spoilt: str
) -> None:
    path = folder / "config.toml"
    path.write_text(GOOD.replace('secret = { file = "secret" }', spoilt))
    done = subprocess.run(
        [Path(sys.executable).with_name("ticketgate"), "check-config", "--config", path],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "hunter2" not in done.stdout + done.stderr
    assert str(path) in done.stdout
