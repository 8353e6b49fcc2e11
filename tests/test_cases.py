"""Stories told in mails: each folder of tests/cases is a sentence, with all mails in and out.

expect.toml begins with a comment that says the sentence in full. Each [[step]] is a mail that comes
in (`mail`, with the `proofs` of its sender), a `release`, `discard` or `confirm`, or a `tick`, and
lists every mail that goes out because of it, in order, as "kind -> address". The golden text of
each lies beside it as NN-out-M-kind.eml.

Time passes in a step with `wait_until`: the clock runs until then, and does what is due at the
moment at which it is due. `down_until` is the same with the daemon stopped: all that was due is
looked at in the end. Each mail of such a step is listed with its moment, which is UTC:
"Mon 2 Mar 2026 10:00  reminder -> address".

A case with `story = true` is a life to read: `what` says in words what each step is, and all of it
is told in story.txt, which is then the golden text of the mails. No time passes unseen in it: a
step `at` a later time fails if the clock had anything to do before.
TICKETGATE_WRITE_GOLDEN=1 rewrites the golden files, never the lists.
"""

import io
import os
import tomllib
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from proven import evidence
from stage import Said, Stage
from storybook import Book, missing_in_html, moment

from gateway.commands.story import show_story
from parsers.digest import sha256_of
from parsers.mail import hear
from router.decision import Command
from router.words import Outcome
from store.ticket_listing import TicketFilter, TicketRow, tickets

HERE = Path(__file__).parent
CASES = sorted(path for path in (HERE / "cases").iterdir() if path.is_dir())
WRITE = bool(os.environ.get("TICKETGATE_WRITE_GOLDEN"))
STEP_KEYS = {
    "mail", "to", "from", "peer", "outcome", "reasons", "tickets", "out",
    "release", "discard", "confirm", "move", "tick", "at", "proofs",
    "what", "wait_until", "down_until",
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_the_story_goes_as_told(case: Path, place: Path, store_url: str) -> None:
    text = (case / "expect.toml").read_text()
    expect = tomllib.loads(text)
    world = HERE / "worlds" / f"{expect.get('world', 'wlcg')}.toml"
    stage = Stage(place, world, expect["now"], store_url)
    book = Book(text.splitlines()[0].removeprefix("# "))
    is_story, written = expect.get("story", False), set[str]()
    for number, step in enumerate(expect["step"], start=1):
        assert set(step) <= STEP_KEYS, f"unknown keys: {set(step) - STEP_KEYS}"
        if is_story:
            due = stage.next_due()
            assert "at" not in step or due is None or due > step["at"], f"step {number}: time flew"
        told = list(took(stage, case, step, book))
        listed = [f"{at}{one}" for at, said in told for one in said]
        assert listed == step["out"], f"step {number}: all outgoing mails"
        mails = [one for _at, said in told for one in said]
        for place_in, one in enumerate(mails, start=1):
            assert missing_in_html(one.mail) == set(), "the HTML says what the text says"
            name = f"{number:02}-out-{place_in}-{one.kind}.eml"
            if not is_story:
                same_as_golden(case / name, told_whole(one))
                written.add(name)
    if is_story:
        for row in tickets(stage.store, TicketFilter()):
            book.ending(f"ticketgate tickets {row.ticket}", shown(stage, row))
        same_as_golden(case / "story.txt", book.text())
        written.add("story.txt")
    golden = {path.name for path in (*case.glob("*-out-*.eml"), *case.glob("story.txt"))}
    if WRITE:
        for name in golden - written:
            (case / name).unlink()
    else:
        assert golden == written
    check_tickets(stage, expect.get("ticket", []))
    stage.close()


def took(
    stage: Stage, case: Path, step: dict[str, Any], book: Book
) -> Iterator[tuple[str, list[Said]]]:
    """Let one step happen and check how it ended; yield what goes out, with the moments."""
    until = step.get("wait_until", step.get("down_until"))
    if until is not None:
        book.chapter(stage.now, step["what"])
        if "down_until" in step:
            stage.now = until
        moments = 0
        for said in stage.wait(until):
            book.chapter(stage.now, "")
            book.said(said)
            moments += 1
            yield f"{moment(stage.now)}  ", said
        if not moments:
            book.nothing()
        return
    stage.now = step.get("at", stage.now)
    book.chapter(stage.now, step.get("what", ""))
    happened(stage, case, step, book)
    said = stage.said()
    book.said(said) if said else book.nothing()
    yield "", said


def happened(stage: Stage, case: Path, step: dict[str, Any], book: Book) -> None:
    """Let a step of one moment happen: a command, a tick or a mail."""
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
        book.heard(raw, (step["outcome"], *step["reasons"]))


def shown(stage: Stage, row: TicketRow) -> str:
    """Return a ticket as the operator sees it."""
    page = io.StringIO()
    with redirect_stdout(page):
        show_story(stage.store, row, as_json=False)
    return page.getvalue()


def told_whole(said: Said) -> str:
    """Return a mail as a golden file holds it, its envelope sender first."""
    mail = said.mail.decode("ascii").replace("\r\n", "\n")
    return f"X-Envelope-From: <{said.mail_from}>\n{mail}"


def same_as_golden(path: Path, text: str) -> None:
    """Compare a text with its golden file, line by line."""
    if WRITE:
        path.write_text(text)
    assert path.exists(), f"there is no golden file {path.name}"
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
