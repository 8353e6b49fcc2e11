"""Whose files they are: root may look at everything, and takes nothing from the hook's user."""

import os
import pwd
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.hook.site import HELPDESK, Site, alarm

NOBODY = pwd.getpwnam("nobody")
pytestmark = pytest.mark.usefixtures("spool")


@pytest.fixture
def spool(site: Site) -> None:
    """A spool of nobody, as behind a mail server."""
    site.directory.mkdir(mode=0o700)
    os.chown(site.directory, NOBODY.pw_uid, NOBODY.pw_gid)
    site.place.chmod(0o777)
    (site.place / "sent").chmod(0o777)


def owners(place: Path) -> set[int]:
    return {path.stat().st_uid for path in (place, *place.rglob("*"))}


def as_nobody(site: Site, *words: str) -> subprocess.CompletedProcess[bytes]:
    more: dict[str, Any] = {"user": "nobody", "group": NOBODY.pw_gid, "extra_groups": []}
    return site.run(*words, **more)


@pytest.mark.parametrize(
    "words", [["status"], ["check-config"], ["test"], ["ack", "900001"], ["flush"], ["resync"]]
)
def test_whatever_root_calls_leaves_files_of_the_hooks_user_only(
    site: Site, words: list[str]
) -> None:
    assert site.deliver(site.signer.mail(alarm())) == 0
    assert site.run(*words).returncode == 0
    assert owners(site.directory) == {NOBODY.pw_uid}
    assert as_nobody(site, "status").returncode == 0


def test_what_the_user_may_not_read_is_named(site: Site) -> None:
    alarms = site.directory / "alarms"
    alarms.mkdir(mode=0o700)  # of root, who is no longer asked
    done = as_nobody(site, "status")
    assert done.returncode == 75
    assert str(alarms).encode() in done.stderr
    site.file.chmod(0o600)
    done = as_nobody(site, "status")
    assert (done.returncode, b"by user nobody" in done.stderr) == (1, True)


def test_init_by_root_wants_a_user_that_exists(site: Site) -> None:
    site.file.unlink()
    words = [
        "init", "exec", "--site", "T1-EX", "--helpdesk", HELPDESK, "--from", "a@site.example.com",
        "--key", f"{site.signer.kid}={site.signer.public}", "--user", "no-such-user",
    ]  # fmt: skip
    done = site.run(*words)
    assert done.returncode == 1
    assert b"adduser --system --group no-such-user" in done.stderr
    assert not site.file.exists()


def test_who_acknowledges_by_sudo_is_the_person_and_not_root(site: Site) -> None:
    site.deliver(site.signer.mail(alarm()))
    site.run("ack", "900001", env={"SUDO_USER": "otto", "LOGNAME": "root"})
    assert "\nBy: otto\n" in site.sent()[-1]
