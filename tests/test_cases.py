"""Stories told in mails: each folder of tests/cases is a sentence, with all mails in and out.

expect.toml begins with a comment that says the sentence in full. Each [[step]] is a mail that comes
in (`mail`, with the `proofs` of its sender), a `release`, `discard` or `confirm`, a `move` of
[ticket, entry, other ticket or 0], or a `tick`, and lists every mail that goes out because of it,
in order, as "kind -> address". The golden text of each lies beside it as NN-out-M-kind.eml.
TICKETGATE_WRITE_GOLDEN=1 rewrites the golden files, never the lists.
"""

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from proven import evidence
from stage import Said, Stage

from parsers.digest import sha256_of
from parsers.mail import hear
from router.decision import Command
from router.words import Outcome
from store.ticket_listing import TicketFilter, tickets

HERE = Path(__file__).parent
CASES = sorted(path for path in (HERE / "cases").iterdir() if path.is_dir())
WRITE = bool(os.environ.get("TICKETGATE_WRITE_GOLDEN"))
STEP_KEYS = {
    "mail", "to", "from", "peer", "outcome", "reasons", "tickets", "out",
    "release", "discard", "confirm", "move", "tick", "at", "proofs",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_the_story_goes_as_told(case: Path, place: Path, store_url: str) -> None:
    expect = tomllib.loads((case / "expect.toml").read_text())
    world = HERE / "worlds" / f"{expect.get('world', 'wlcg')}.toml"
    stage = Stage(place, world, expect["now"], store_url)
    written: set[str] = set()
    for number, step in enumerate(expect["step"], start=1):
        assert set(step) <= STEP_KEYS, f"unknown keys: {set(step) - STEP_KEYS}"
        stage.now = step.get("at", stage.now)
        took(stage, case, step)
        said = stage.said()
        assert [str(one) for one in said] == step["out"], f"step {number}: all outgoing mails"
        for place_in, one in enumerate(said, start=1):
            name = f"{number:02}-out-{place_in}-{one.kind}.eml"
            same_as_golden(case / name, one)
            written.add(name)
    golden = {path.name for path in case.glob("*-out-*.eml")}
    if WRITE:
        for name in golden - written:
            (case / name).unlink()
    else:
        assert golden == written
    check_tickets(stage, expect.get("ticket", []))
    stage.close()


def took(stage: Stage, case: Path, step: dict[str, Any]) -> None:
    """Let one step happen and check how it ended."""
    commands = {"release", "discard", "confirm"} & set(step)
    if commands:
        name = commands.pop()
        stage.command(name, step[name])
    elif "move" in step:
        ticket, entry, other = step["move"]
        stage.desk.do(Command("move", ticket, "operator", entry=entry, other=other))
    elif step.get("tick"):
        stage.tick()
    else:
        text = stage.fill((case / step["mail"]).read_text())
        raw = text.replace("\n", "\r\n").encode("utf-8", "surrogateescape")
        to = [stage.fill(address) for address in step["to"]]
        if "proofs" in step:
            stage.prover.known[sha256_of(raw)] = evidence(step["proofs"], hear(raw))
        envelope = stage.envelope(raw, to, step["from"], step.get("peer", "127.0.0.1"))
        explained = stage.explain(raw, envelope)
        number = stage.keep(raw, envelope)
        stage.work()
        row = stage.mail(number)
        assert (row["state"], row["outcome"]) == ("done", step["outcome"])
        assert row["reasons"] == step["reasons"]
        told = [str(r) for d in explained for r in d.reasons]
        assert list(dict.fromkeys(told)) == step["reasons"], "explain says the same"
        assert explained[0].outcome is Outcome(step["outcome"]), "explain says the same"


def same_as_golden(path: Path, said: Said) -> None:
    """Compare a mail with its golden file, envelope sender first, line by line."""
    text = f"X-Envelope-From: <{said.mail_from}>\n" + said.mail.decode("ascii").replace(
        "\r\n", "\n"
    )
    if WRITE:
        path.write_text(text)
    assert path.exists(), f"no golden file for {said}"
    assert text.splitlines() == path.read_text().splitlines()


def check_tickets(stage: Stage, expected: list[dict[str, Any]]) -> None:
    """Compare each listed ticket's fields; every ticket must be listed."""
    found = {row.ticket: row for row in tickets(stage.store, TicketFilter())}
    assert sorted(found) == sorted(one["ticket"] for one in expected)
    for one in expected:
        row = found[one["ticket"]]
        assert {key: getattr(row, key) or "" for key in one} == one


def test_every_case_is_complete_and_begins_with_its_sentence() -> None:
    assert CASES, "a walk over nothing proves nothing"
    for case in CASES:
        text = (case / "expect.toml").read_text()
        assert text.startswith("# "), case.name
        used = {step["mail"] for step in tomllib.loads(text)["step"] if "mail" in step}
        there = {path.name for path in case.glob("*-in*.eml")}
        assert used == there, case.name
