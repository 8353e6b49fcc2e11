"""Every key, every fault, all at once; and that the example is whole."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.hook.config import ConfigFaults, spool_directory
from gateway.hook.config_keys import read_config
from gateway.hook.setup.systems import SYSTEMS
from gateway.hook.sinks.table import SINKS
from tests.hook.site import HELPDESK, Signer, Site, alarm

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "hook.example.toml"


def faults(site: Site) -> list[str]:
    with pytest.raises(ConfigFaults) as raised:
        read_config(site.file)
    return list(raised.value.faults)


def test_the_example_can_be_used_and_shows_every_key() -> None:
    config = read_config(EXAMPLE)
    assert config.limits.deadline_s == 60
    text = EXAMPLE.read_text()
    source = (ROOT / "gateway/hook/config_keys.py").read_text()
    keys = set(re.findall(r'(?:\.[a-z_]+|_address)\((?:block, |top, )?"([a-z_]+)"', source)) - {
        "helpdesk"
    }
    assert len(keys) > 30
    missing = {key for key in keys if not re.search(rf"^#?\s*\[*{key}\b", text, re.MULTILINE)}
    assert missing == set()


def test_the_examples_values_are_the_defaults(place: Path) -> None:
    shown = read_config(EXAMPLE)
    least, signer = place / "least.toml", Signer()
    least.write_text(
        'sites = ["T1-EX"]\n[helpdesk."helpdesk.example.org"]\nkeys = { '
        f'"{signer.kid}" = "{signer.public}" }}\n[mail]\nfrom = "alarms@site.example.org"\n'
        '[[sink]]\nkind = "exec"\ncommand = ["/bin/true"]\n'
    )
    default = read_config(least)
    assert shown.limits == default.limits
    assert shown.mail == default.mail
    assert (shown.directory, shown.admin, shown.openssl) == (
        default.directory, default.admin, default.openssl
    )  # fmt: skip
    assert shown.helpdesks[HELPDESK].silent_hours == default.helpdesks[HELPDESK].silent_hours


def test_all_faults_come_at_once_with_their_keys(site: Site) -> None:
    site.file.write_text(f"""
sitse = ["T1-EX"]
directory = "spool"
[helpdesk."{HELPDESK}"]
keys = {{ "a" = "short" }}
silent_hours = "long"
[mail]
from = "nobody at all"
host = "smtp.example.org"
tls = "off"
user = "me"
[[sink]]
kind = "pigeon"
[[sink]]
kind = "exec"
command = ["/bin/true"]
comand = 1
[poll]
[limits]
deadline_s = 0
""")
    said = faults(site)
    keys = [line.partition(": ")[0] for line in said]
    assert sorted(keys) == sorted([
        "sites", "directory", f"helpdesk.{HELPDESK}.keys.a", f"helpdesk.{HELPDESK}.keys",
        f"helpdesk.{HELPDESK}.silent_hours", "sink[1].kind", "sink[2].comand", "mail.from",
        "mail.tls", "mail.password_file", "poll", "limits.deadline_s", "sitse",
    ])  # fmt: skip
    assert "did you mean sites?" in said[-1]
    assert all("Traceback" not in line for line in said)
    done = site.run("check-config")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == len(said)


@pytest.mark.parametrize(
    "text", ["", "a = [", "\0", "sites = 3\nhelpdesk = 4\nmail = 5\nsink = 6\npoll = 7\nlimits = 8"]
)
def test_any_file_gives_faults_and_no_traceback(site: Site, text: str) -> None:
    site.file.write_text(text)
    assert faults(site)


def test_a_file_that_is_not_there_is_a_fault(place: Path) -> None:
    with pytest.raises(ConfigFaults, match="cannot be read"):
        read_config(place / "none.toml")


def test_a_key_by_another_name_than_its_own_is_a_fault(site: Site) -> None:
    kid = site.signer.kid
    site.file.write_text(site.file.read_text().replace(kid, "2026a"))
    assert faults(site) == [f"helpdesk.{HELPDESK}.keys.2026a: the name of this key is {kid}"]


def test_the_spool_is_found_in_a_broken_file(place: Path) -> None:
    file = place / "hook.toml"
    file.write_text('sites = [\ndirectory = "/srv/spool"  # here\n[[[')
    assert spool_directory(file) == Path("/srv/spool")
    file.write_text("directory = 3")
    assert spool_directory(file) == spool_directory(place / "none") != Path("/srv/spool")


def test_one_bad_sink_does_not_silence_the_others(site: Site) -> None:
    site.extra = '[[sink]]\nname = "bad"\nkind = "exec"\ncommand = ["relative"]'
    site.write()
    assert site.deliver(site.signer.mail(alarm())) == 0
    assert len(site.shown()) == 1
    assert site.events() == []
    assert "bad needs a person" in site.sent("admin@site.example.com")[0]
    done = site.run("check-config")
    assert done.returncode == 1
    assert b"FAULT: sink bad: command" in done.stdout


@pytest.mark.parametrize("system", SINKS)
def test_init_writes_a_file_that_can_be_read_and_prints_the_lines(site: Site, system: str) -> None:
    site.file.unlink()
    words = [
        "init", system, "--site", "T1-EX", "--helpdesk", HELPDESK, "--from",
        "alarms@site.example.com", "--key", f"{site.signer.kid}={site.signer.public}",
        "--directory", str(site.directory), "--user", "nobody",
    ]  # fmt: skip
    done = site.run(*words)
    assert done.returncode == 0, done.stderr
    config = read_config(site.file)
    assert [block.kind for block in config.sinks] == [system]
    assert set(config.keys[HELPDESK]) == {site.signer.kid}
    said = done.stdout.decode()
    call = f"{site.pyz} --config {site.file}"
    assert f'alarms: "|{call} deliver"' in said
    assert "alarms@site.example.com ticketgate-hook:" in said
    assert not re.search("@[A-Z]+@", said)
    assert "user=nobody argv=" in said
    assert "root /" not in said
    assert (site.file.owner(), site.file.stat().st_mode & 0o777) == ("root", 0o640)
    assert (site.directory.owner(), site.directory.stat().st_mode & 0o777) == ("nobody", 0o700)
    before = site.file.read_bytes()
    again = site.run(*words)
    assert (again.returncode, site.file.read_bytes()) == (1, before)
    assert b"nothing was written" in again.stderr


def test_the_lines_end_quietly_when_nobody_reads_them(site: Site) -> None:
    shell = f"{' '.join(site.command('check-config'))} | true"
    done = subprocess.run(["/bin/sh", "-c", shell], env={}, capture_output=True, check=False)
    assert done.stderr == b""


def test_init_has_a_row_for_every_kind_of_sink_and_refuses_others(site: Site) -> None:
    assert set(SYSTEMS) == set(SINKS)
    for kind, lines in SYSTEMS.items():
        written: dict[str, Any] = tomllib.loads(re.sub("(?m)^# ", "", lines))
        assert written.pop("kind") == kind
        assert set(written) <= set(SINKS[kind].keys)
    done = site.run(
        "init", "pigeon", "--site=x", "--helpdesk=y", "--from=z@example.org", "--key=a=b"
    )
    assert done.returncode == 1
    said = [b"pigeon is none", b"--key a: is no", b"File exists"]
    assert all(one in line for one, line in zip(said, done.stderr.splitlines(), strict=True))
