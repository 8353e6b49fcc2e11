"""The operator's commands, as programs, and a daemon that syncs by itself."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from fresh import open_fresh
from sqlalchemy import select

from store.engine import open_store
from store.tables import outbox
from tests.directories.conftest import sections, write_config
from tests.directories.playing import Asked, Player, Reply, many_users, voms
from tests.imap.certificates import Authority
from tests.running import PROGRAM, until
from tests.warm import Done, run_program

MORE = """\
[[site]]
name = "FJELL-LCG2"
aliases = ["NO-FJELL"]
[[member]]
name = "Hanna"
addresses = ["hanna@atlas.example"]
vo = "atlas"
roles = ["team", "alarm"]
alarm_sites = ["NO-FJELL"]
alarm_evidence = ["smime"]
"""
USERS = "/voms/atlas/apiv2/users"
Run = Callable[..., Done]


@pytest.fixture
def config(place: Path, player: Player, authority: Authority) -> Path:
    (authority.place / "client.key").chmod(0o600)
    known = sections(player, authority)
    chosen = {"goc": known["goc"], "people": known["people"]}
    return write_config(place, chosen, MORE, "sqlite:///tickets.db")


@pytest.fixture
def run(config: Path) -> Run:
    open_fresh(f"sqlite:///{config.parent}/tickets.db", first_ticket=1).close()
    return lambda *words: run_program(*words, TICKETGATE_CONFIG=str(config))


def test_sync_says_one_line_for_each_and_what_is_known_then(run: Run) -> None:
    assert "goc" not in run("sites", "--json").out
    done = run("sync")
    assert (done.code, done.err) == (0, "")
    goc, people = done.out.splitlines()
    assert goc in {"goc: +7 -0 ~0", "goc: +9 -0 ~0"}, "by the day, its downtimes are over"
    assert people == "people: +7 -0 ~0"
    assert run("sync", "goc").out == "goc: +0 -0 ~0\n"
    (fjell,) = run("sites", "no-fjell", "--json").rows
    assert (fjell["roc"], fjell["tier"], fjell["source"]) == ("NGI_NORTH", 1, "config+goc")
    assert fjell["alarm_address"] == ["t1-alarms@fjell.example"]
    assert fjell["updated_at"].endswith("Z")
    assert "config+goc" in run("sites").out
    rows = run("members", "--json").rows
    assert {(row["name"], row["source"]) for row in rows} == {
        ("Hanna", "config"), ("Ada Example", "people"), ("Robot", "people"),
        ("Žofie Nováková-Ærø", "people"),
    }  # fmt: skip
    everybody = {row["id"]: row["barred"] for row in run("members", "--all", "--json").rows}
    assert everybody["6"] == "suspended in people"
    assert everybody["7"] == "the membership ended on 2020-01-01"


def test_sync_of_a_failing_directory_is_a_fault_and_health_says_so(
    run: Run, player: Player
) -> None:
    run("sync")
    player.bad = lambda _: Reply(b"null", kind="application/json")
    done = run("sync", "people")
    assert done.code == 1
    assert done.out.startswith("people: null: null instead of a list; the copy of ")
    health = run("health")
    assert health.code == 1
    assert "directory people: failing, null: null instead of a list" in health.out
    assert "directory goc: ok" in health.out
    (row,) = run("sync", "people", "--json").rows
    assert (row["said"], row["changes"]) == ("null", {"added": 0, "removed": 0, "changed": 0})


def test_a_shrinkage_is_accepted_by_name_only(run: Run, player: Player) -> None:
    player.answers[USERS] = voms(many_users(20))
    run("sync", "people")
    player.answers[USERS] = voms(many_users(9))
    assert run("sync", "people").code == 1
    assert run("sync", "--accept").code == 2
    done = run("sync", "people", "--accept")
    assert (done.code, done.out.partition(";")[0]) == (0, "people: +0 -11 ~0")


def test_notes_say_what_could_not_be_used(run: Run) -> None:
    out = run("sync", "goc", "--notes").out
    assert "  Izola MRF: 'not' is no contact address." in out
    assert "  A site without a name is left out." in out


def test_an_unknown_directory_and_a_missing_store_have_codes_of_their_own(
    run: Run, config: Path
) -> None:
    assert run("sync", "nothing").code == 3
    for path in config.parent.glob("*.db*"):
        path.unlink()
    assert run("sync").code == 75


def test_members_check_says_what_a_person_may_do_and_why(run: Run) -> None:
    run("sync")
    ada = run("members", "check", "ADA@atlas.example")
    assert ada.code == 0
    for part in (
        "Ada Example, atlas (from people, changed ",
        "member until 2030-12-12 16:41 UTC",
        "may open and change team tickets of atlas",
        "may raise alarms of atlas at FJELL-LCG2, DUIN-ELPROD",
        "an alarm is proven by a valid DKIM signature of the domain of one of the addresses; or an",
        "; or an S/MIME signature by one of the certificates",
        "suspended certificate, which proves nothing: /DC=org/DC=example/CN=Ada Old",
        "may do nothing by this entry: suspended in people (its roles: alarm)",  # her old entry
    ):
        assert part in ada.out, part
    hanna = run("members", "check", "hanna@atlas.example").out
    assert "may raise alarms of atlas at FJELL-LCG2\n" in hanna
    assert "nothing can prove an alarm" in hanna


def test_members_check_says_whose_certificate_counts(run: Run) -> None:
    run("sync")
    dn = "/DC=org/DC=example/CN=Ada Example"
    assert f"certificate: {dn}, issued by /DC=org/DC=example/CN=CA\n" in run(
        "members", "check", "CN=Ada Example,DC=example,DC=org"
    ).out  # fmt: skip
    zofie = run("members", "check", "zofie@atlas.example").out
    assert "issued by any trusted authority, because the source names none\n" in zofie


def test_members_check_takes_a_dn_with_a_slash_in_its_cn(run: Run) -> None:
    run("sync")
    dn = "/C=DE/O=ExampleGrid/OU=Robots/CN=alarm/robot.atlas.example"
    (row,) = run("members", "check", dn, "--json").rows
    assert (row["name"], row["roles"], row["barred"]) == ("Robot", ["alarm"], "")


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ("susan@atlas.example", "suspended in people"),
        ("/DC=org/DC=example/CN=Egon Expired", "the membership ended on 2020-01-01"),
    ],
)
def test_members_check_says_why_somebody_may_do_nothing(run: Run, who: str, why: str) -> None:
    run("sync")
    done = run("members", "check", who)
    assert done.code == 0
    assert f"may do nothing by this entry: {why}" in done.out


@pytest.mark.parametrize("who", ["stranger@x.example", "/CN=Nobody", "", "ada@atlas.exampl"])
def test_members_check_of_a_stranger_is_1(run: Run, who: str) -> None:
    run("sync")
    done = run("members", "check", who)
    assert (done.code, done.out) == (1, "")
    assert "is known" in done.err


def test_without_directories_sites_and_members_need_no_store(config: Path) -> None:
    text = config.read_text().partition("[directory")[0].replace("[[site]]", '[[roc]]\nname = "R"\n'
        'address = "r@x.example"\n[[site]]\nroc = "R"')  # fmt: skip
    config.write_text(text)
    done = run_program("members", "check", "hanna@atlas.example", TICKETGATE_CONFIG=str(config))
    assert (done.code, done.err) == (0, "")
    assert run_program("sites", "--json", TICKETGATE_CONFIG=str(config)).rows


def test_a_daemon_reads_its_directories_and_its_workers_use_them(
    config: Path, player: Player
) -> None:
    log = (config.parent / "serve.log").open("w")
    process = subprocess.Popen(
        [PROGRAM, "serve", "--config", config],
        stdout=subprocess.PIPE, stderr=log, env=os.environ, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("ready ")
        words = ("sites", "no-fjell", "--json")

        def known() -> bool:
            done = run_program(*words, TICKETGATE_CONFIG=str(config))
            return '"tier": 1' in done.out

        until(known, "the daemon has read GOCDB")
        player.bad = lambda _: Reply(b"null", kind="application/json")
        asked = ("sync", "people")  # 75 while the daemon itself is reading it
        until(lambda: run_program(*asked, TICKETGATE_CONFIG=str(config)).code == 1, "it fails")
        outgoing = config.parent / "outgoing" / "new"

        def notice() -> bool:
            texts = [path.read_bytes() for path in outgoing.glob("*")]
            return any(b"Directory people: null" in text for text in texts)

        until(notice, "the operator has been mailed")
    finally:
        process.terminate()
        assert process.wait(60) == 0, (config.parent / "serve.log").read_text()[-2000:]
        log.close()
    lines = [json.loads(line) for line in (config.parent / "serve.log").read_text().splitlines()]
    read = [line["directory"] for line in lines if line.get("event") == "read a directory"]
    assert sorted(read[:2]) == ["goc", "people"]
    store = open_store(f"sqlite:///{config.parent}/tickets.db")
    with store.reading() as conn:
        kinds = conn.execute(select(outbox.c.kind)).scalars().all()
    store.close()
    assert set(kinds) == {"operator-notice"}


def test_a_daemon_stops_while_a_directory_says_nothing(config: Path, player: Player) -> None:
    def silent(_: Asked) -> Reply:
        player.ending.wait(60)
        return Reply()

    player.bad = silent
    with (config.parent / "serve.log").open("w") as log:
        process = subprocess.Popen(
            [PROGRAM, "serve", "--config", config],
            stdout=subprocess.PIPE, stderr=log, env=os.environ, text=True,
        )  # fmt: skip
        until(lambda: player.asked, "the daemon asks")
        process.terminate()
        assert process.wait(60) == 0, (config.parent / "serve.log").read_text()[-2000:]
    assert "killed" not in (config.parent / "serve.log").read_text()


def test_evidence_that_the_helpdesk_does_not_take_proves_nothing(run: Run, config: Path) -> None:
    run("sync")
    config.write_text(config.read_text() + '\n[proof]\nalarm_evidence = ["dkim"]\n')
    out = run("members", "check", "ada@atlas.example").out
    assert "DKIM" in out
    assert "S/MIME" not in out


def test_a_rule_for_the_persons_domain_is_said(run: Run, config: Path) -> None:
    run("sync")
    rule = '[proof]\nalarm_evidence_of = { "atlas.example" = ["smime"] }\n'
    config.write_text(config.read_text() + rule)
    out = run("members", "check", "ada@atlas.example").out
    assert "An alarm from an address at atlas.example needs an S/MIME signature." in out
    assert "DKIM" not in out
