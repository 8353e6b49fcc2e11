"""The program as a stranger meets it: help, mistakes, exit codes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.hook.config_keys import read_config
from tests.cli.conftest import Run
from tests.warm import PROGRAM, run_program

COMMANDS = (
    "init", "check-config", "serve", "send-sample", "parse", "explain", "tickets", "ticket",
    "release", "discard",
    "mails", "replay", "outbox", "refusals", "sites", "members", "keys", "copy-store",
    "accept-loss", "completion",
)  # fmt: skip
HEAVY = ("sqlalchemy", "alembic", "pydantic", "rich", "jinja2", "aiosmtpd", "starlette")
WRITTEN = ["alarm.pem", "config.toml", "people", "secret", "site"]
PEOPLES = ("ada.dkim.pem", "ada.key", "nora.key")


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_is_there_for_each_command_and_loads_nothing_heavy(command: str) -> None:
    code = (
        "import sys\nfrom gateway.cli import program\n"
        f"try:\n    program([*{[command] if command else []!r}, '--help'], 'ticketgate')\n"
        f"finally:\n    sys.stderr.write(repr(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert "Usage: ticketgate" in done.stdout
    assert done.stderr == "set()"


def test_the_commands_are_listed_in_the_order_of_use() -> None:
    text = run_program("--help").out
    places = [text.index(f"\n  {command} ") for command in COMMANDS]
    assert places == sorted(places)


@pytest.mark.parametrize("group", [(), ("keys",), ("members",)], ids=str)
def test_what_a_command_does_is_said_whole_in_80_columns(group: tuple[str, ...]) -> None:
    lines = run_program(*group, "--help", COLUMNS="80").out.splitlines()
    listed = lines[lines.index("Commands:") + 1 :]
    assert listed
    assert [line for line in listed if line.endswith("...") or len(line) > 80] == []


def test_init_writes_a_configuration_that_is_good_and_says_what_to_do_next(
    tmp_path: Path,
) -> None:
    done = run_program("init", tmp_path / "demo")
    assert done.code == 0
    assert f"next: ticketgate serve --config {tmp_path}/demo/config.toml" in done.out
    assert (tmp_path / "demo").stat().st_mode & 0o077 == 0
    assert (tmp_path / "demo" / "secret").stat().st_mode & 0o777 == 0o600
    assert sorted(p.name for p in (tmp_path / "demo").iterdir()) == WRITTEN
    checked = run_program("check-config", "--config", tmp_path / "demo" / "config.toml")
    assert checked.code == 0
    assert checked.out.count(": warning: ") == 1
    assert "smtp.submission_networks: warning:" in checked.out
    assert "12 sites" in checked.err


def test_init_makes_new_secrets_each_time_that_only_their_owner_reads(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run_program("init", tmp_path / name)
    for secret in ("secret", "alarm.pem", *(f"people/{key}" for key in PEOPLES)):
        first, second = tmp_path / "a" / secret, tmp_path / "b" / secret
        assert first.read_text() != second.read_text()
        assert first.stat().st_mode & 0o777 == 0o600
    kept = [path for path in (tmp_path / "a").rglob("*") if path.is_file()]
    keys = [path.name for path in kept if b"PRIVATE KEY" in path.read_bytes()]
    assert sorted(keys) == sorted(["alarm.pem", *PEOPLES]), "the authority's secret is kept nowhere"


def test_init_makes_a_site_whose_hook_believes_this_demos_alarm_key(tmp_path: Path) -> None:
    """The key that is there already stays, and is the one that the site believes."""
    run_program("init", tmp_path / "a")
    kept = (tmp_path / "a" / "alarm.pem").read_bytes()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "alarm.pem").write_bytes(kept)
    (tmp_path / "b" / "alarm.pem").chmod(0o600)
    run_program("init", tmp_path / "b")
    assert (tmp_path / "b" / "alarm.pem").read_bytes() == kept
    shown = run_program("keys", "show", "--config", tmp_path / "b" / "config.toml").out
    ((name, public),) = re.findall(r"--key (\w+)=(\S+)", shown)
    for place in ("a", "b"):
        hook = tmp_path / place / "site" / "hook.toml"
        assert f'\nkeys = {{ "{name}" = "{public}" }}\n' in hook.read_text()
        assert hook.stat().st_mode & 0o777 == 0o600
        assert read_config(hook).sites == ("FJELL-LCG2",)


def test_init_says_which_key_of_alarms_is_none_and_writes_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "alarm.pem").write_text("no key")
    done = run_program("init", tmp_path)
    assert done.code == 1
    assert f"{tmp_path}/alarm.pem is not a private key in PEM form: move it away" in done.err
    assert not (tmp_path / "config.toml").exists()


def test_a_federation_that_still_believes_the_demo_is_warned(tmp_path: Path) -> None:
    run_program("init", tmp_path)
    path = tmp_path / "config.toml"
    own = path.read_text().replace('domain = "helpdesk.example"', 'domain = "desk.example"')
    path.write_text(own)
    said = run_program("check-config", "--config", path).out
    assert "dns.servers: warning: this is the demo's name server" in said
    assert "proof.anchors: warning: this is the demo's authority" in said
    path.write_text(re.sub(r"(?m)^(servers|port|anchors) = ", r"#\g<0>", own))
    said = run_program("check-config", "--config", path).out
    assert "the demo's" not in said


def test_init_changes_nothing_that_is_there(tmp_path: Path) -> None:
    run_program("init", tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    done = run_program("init", tmp_path)
    assert done.code == 1
    assert "is there already" in done.err
    after = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert after == before


def test_init_keeps_a_secret_of_a_run_that_was_cut_short(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("an older secret that mails hold")
    (tmp_path / "secret").chmod(0o600)
    assert run_program("init", tmp_path).code == 0
    assert (tmp_path / "secret").read_text() == "an older secret that mails hold"


def test_init_into_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run_program("init", tmp_path / "file" / "demo")
    assert (done.code, done.out) == (1, "")
    assert "cannot be written" in done.err


def test_check_config_shows_every_fault_and_ends_with_1(tmp_path: Path) -> None:
    run_program("init", tmp_path)
    path = tmp_path / "config.toml"
    text = path.read_text().replace('first_line = "TPM"', 'first_line = "TMP"')
    path.write_text(text.replace("[store]", "[stroe]"))
    done = run_program("check-config", "--config", path)
    assert done.code == 1
    lines = [line.removeprefix(f"{path}:") for line in done.out.splitlines()]
    said = "helpdesk.first_line: there is no [[unit]] named 'TMP'; did you mean TPM?"
    assert lines[0].endswith(said)
    assert any("stroe: is not a key of this section; did you mean store?" in x for x in lines)
    assert all(line[0].isdigit() for line in lines)


@pytest.mark.parametrize(
    "args",
    [["tickets"], ["serve"], ["check-config"], ["release", "1"], ["send-sample", "team"]],
    ids=" ".join,
)
def test_a_missing_configuration_is_a_sentence_and_exit_code_1(
    tmp_path: Path, args: list[str]
) -> None:
    done = run_program(*args, TICKETGATE_CONFIG=str(tmp_path / "none.toml"))
    assert done.code == 1
    assert f"{tmp_path}/none.toml: cannot be read" in done.out + done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("command", ["tickets", "refusals"])
def test_a_store_that_was_never_made_is_75_and_stays_unmade(tmp_path: Path, command: str) -> None:
    run_program("init", tmp_path)
    done = run_program(command, "--config", tmp_path / "config.toml")
    assert done.code == 75
    assert "ticketgate serve" in done.err
    assert sorted(p.name for p in tmp_path.iterdir()) == WRITTEN


def test_a_configuration_that_is_not_there_says_how_to_name_one(tmp_path: Path) -> None:
    done = run_program("check-config", "--config", tmp_path / "none.toml")
    assert done.code == 1
    assert "--config FILE, or in $TICKETGATE_CONFIG" in done.out


def test_a_store_that_is_no_store_is_75(tmp_path: Path) -> None:
    run_program("init", tmp_path)
    (tmp_path / "tickets.db").write_bytes(b"no database at all" * 100)
    done = run_program("tickets", "--config", tmp_path / "config.toml")
    assert done.code == 75
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("args", "code", "sentence"),
    [
        (["tickets", "99"], 3, "there is no ticket 99"),
        (["release", "99"], 3, "there is no ticket 99"),
        (["replay", "99"], 3, "there is no broken mail 99"),
        (["sites", "nowhere"], 3, "no site"),
        (["replay"], 2, "--all-broken"),
        (["replay", "1", "--all-broken"], 2, "--all-broken"),
        (["tickets", "--status", "sleeping"], 2, "in progress"),
        (["mails", "--limit", "0"], 2, "--limit"),
        (["mails", "--outcome", "nonsense"], 2, "duplicate"),
        (["send-sample", "nonsense"], 2, "user-site"),
        (["explain", "--peer", "x", "-"], 2, "IP address"),
        (["explain", "--to", "x@elsewhere.example", "-"], 1, "not an address of this helpdesk"),
        (["parse", "/no/such/file"], 1, "cannot be read"),
        (["completion", "csh"], 2, "bash"),
    ],
)
def test_a_mistake_is_a_sentence_and_its_exit_code(
    run: Run, args: list[str], code: int, sentence: str
) -> None:
    done = run(*args)
    assert done.code == code, done.err
    assert sentence in done.err
    assert "Traceback" not in done.err


def test_parse_ends_with_0_and_json_whatever_the_bytes_are() -> None:
    for raw in (b"", b"\0\xff" * 500, b"Subject: =?utf-8?q?\n", os.urandom(20_000)):
        done = run_program("parse", "-", stdin=raw)
        assert done.code == 0, done.err
        assert {"from", "subject", "body_text", "attachments"} <= set(json.loads(done.out))


def test_parse_reads_a_file() -> None:
    mails = Path(__file__).parents[2] / "gateway" / "demo" / "mails"
    heard = json.loads(run_program("parse", mails / "attachment.eml").out)
    assert [one["filename"] for one in heard["attachments"]] == ["job.log", "plot.png"]


def test_explain_needs_no_store_and_leaves_none(tmp_path: Path) -> None:
    run_program("init", tmp_path)
    mails = Path(__file__).parents[2] / "gateway" / "demo" / "mails"
    args = ("explain", "--config", tmp_path / "config.toml", mails / "user-site.eml")
    (held,) = run_program(*args, "--json").rows
    assert (held["outcome"], held["held"]) == ("held", "unproven sender")
    (sent,) = run_program(*args, "--json", "--peer", "127.0.0.1").rows
    assert (sent["outcome"], sent["support_unit"]) == ("new", "NGI_NORTH")
    assert {mail["recipient"] for mail in sent["mails"]} >= {"admins@fjell.example"}
    assert "a new ticket: USER, assigned, at NGI_NORTH" in run_program(*args, "--submitted").out
    assert sorted(p.name for p in tmp_path.iterdir()) == WRITTEN


def test_a_broken_mail_is_replayed_and_a_held_ticket_released(run: Run) -> None:
    (broken,) = run("mails", "--json", "--state", "broken").rows
    assert run("replay", broken["mail"]).out == "1 back in the inbox\n"
    assert run("replay", "--all-broken").out == "0 back in the inbox\n"
    team = next(r for r in run("tickets", "--json").rows if r["wanted"] == "TEAM")
    done = run("release", team["ticket"], "--comment", "known to us")
    assert (done.code, done.out) == (
        0,
        f"ticket {team['ticket']} is released at NGI_SOUTH\nit is a USER ticket, TEAM was wanted\n",
    )
    (after,) = run("tickets", team["ticket"], "--json").rows
    assert after["held"] is None
    assert after["history"][-1]["text"] == "known to us"
    assert run("release", team["ticket"]).code == 1


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_completion_script_names_the_program(shell: str) -> None:
    done = run_program("completion", shell)
    assert done.code == 0
    assert "_TICKETGATE_COMPLETE" in done.out


def test_the_completion_of_bash_is_a_script_that_bash_takes() -> None:
    script = run_program("completion", "bash").out
    checked = subprocess.run(["bash", "-n"], input=script, text=True, timeout=60, check=False)
    assert checked.returncode == 0
    done = run_program(_TICKETGATE_COMPLETE="bash_complete", COMP_WORDS="ticketgate ch",
                       COMP_CWORD="1")  # fmt: skip
    assert "check-config" in done.out


def test_a_reader_that_leaves_early_is_no_error(office: Path) -> None:
    command = f"{PROGRAM} tickets --json --config {office / 'config.toml'} | head -1"
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False
    )
    assert json.loads(done.stdout)["ticket"]
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_no_output_of_any_command_holds_the_secret(run: Run, office: Path) -> None:
    secret = (office / "secret").read_text().strip()
    mail = Path(__file__).parents[2] / "gateway" / "demo" / "mails" / "team.eml"
    lists = (["check-config"], ["tickets", "--json"], ["outbox", "--json"])
    for args in (*lists, ["explain", "--json", mail]):
        done = run(*args)
        assert secret not in done.out + done.err
