"""The life of a ticket as a person reads it (transitions-table.txt), against what mails do."""

from dataclasses import replace
from pathlib import Path

import pytest

from router.decide import decide
from router.decision import Clue, Facts
from router.ticket import Paging, Participant, TicketKind
from router.tokens import TokenClass
from router.transitions import BY_NO_LINE, TRANSITIONS, Actor, Need, Tell, possible
from router.words import CLOSED, FINAL, MailKind, Reason, Role, Status
from tests.router.replies import (
    ALARMER,
    DESK,
    LIST,
    SITE,
    STRANGER,
    SUBMITTER,
    SUPPORTER,
    TEAM,
    WORLD,
    about,
    after,
    by,
    changes,
    told,
)
from tests.router.replies import PEOPLE as ROSTER
from tests.router.test_decision_table import NOW, POLICY

USER, TEAMS, ALARM = TicketKind.USER, TicketKind.TEAM, TicketKind.ALARM
WHO = {
    "S": Actor.SUPPORTER, "T": Actor.TEAM, "U": Actor.SUBMITTER, "V": Actor.VERIFIER,
    "A": Actor.SITE, "-": Actor.SYSTEM,
}  # fmt: skip
NEEDS = {n.name.lower(): n for n in Need}
TOLD = {
    "nobody": Tell.READERS, "submitter": Tell.SUBMITTER, "solution": Tell.SOLUTION,
    "first-line": Tell.FIRST_LINE,
}  # fmt: skip
# Who writes, about which kind of ticket: what that person is to it, in the letters of the table.
PEOPLE = (
    (SUPPORTER, USER, "S"), (SUPPORTER, ALARM, "S"), (LIST, TEAMS, "S"),
    (SUBMITTER, USER, "U"), (SUBMITTER, ALARM, "U"), (TEAM, USER, ""), (TEAM, TEAMS, "TV"),
    (TEAM, ALARM, "T"), (ALARMER, TEAMS, "TV"), (ALARMER, ALARM, "TV"), (ALARMER, USER, ""),
    (STRANGER, USER, ""), (STRANGER, ALARM, ""), (SITE, USER, ""),
    ("cecil@cern.example", TEAMS, ""),
)  # fmt: skip


def table() -> dict[tuple[Status, Status], tuple[str, str, str]]:
    text = (Path(__file__).parent / "transitions-table.txt").read_text()
    rows = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert all(len(row) == 5 for row in rows)
    status = {str(one).replace(" ", "-"): one for one in Status}
    return {(status[old], status[new]): tuple(rest) for old, new, *rest in rows}  # type: ignore[misc] # three words each


ROWS = table()
EVERY_PAIR = [(old, new) for old in Status for new in Status]


def test_the_table_that_people_read_is_the_one_in_force() -> None:
    assert set(ROWS) == set(TRANSITIONS)
    for pair, (who, needs, tells) in ROWS.items():
        row = TRANSITIONS[pair]
        assert row.by == {WHO[letter] for letter in who}, pair
        assert (row.needs, row.tells) == (NEEDS[needs], TOLD[tells]), pair


def test_no_status_follows_the_end_and_each_but_the_first_can_be_reached() -> None:
    assert not {old for old, _ in TRANSITIONS} & FINAL
    assert {new for _, new in TRANSITIONS} == set(Status) - {Status.NEW}


@pytest.mark.parametrize(("address", "kind", "letters"), PEOPLE)
@pytest.mark.parametrize(("old", "new"), EVERY_PAIR)
def test_a_line_changes_the_status_for_those_in_its_row_and_for_nobody_else(
    old: Status, new: Status, address: str, kind: TicketKind, letters: str
) -> None:
    who, _, _ = ROWS.get((old, new), ("", "", ""))
    one = by(address, f"Status: {new}\n\nThe text that it needs.")
    decision = after(one, about(kind, status=old))
    if old in FINAL:
        assert decision.ticket is not None
        assert decision.ticket.number == 0, "it opens another one"
        return
    may = new not in BY_NO_LINE and bool(set(who) & set(letters))
    assert decision.ticket is not None
    assert decision.ticket.number == 7
    # a submitter's word ends the waiting, whatever it says
    waited = old is Status.WAITING and letters == "U"
    now = Status.IN_PROGRESS if waited else old
    assert decision.ticket.status is (new if may else now)
    assert decision.events[-1].text.endswith("The text that it needs."), "nothing is lost"
    refused = {Reason.LINE_NOT_ALLOWED, Reason.LINE_NOT_FOLLOWED} & set(decision.reasons)
    working = {Status.IN_PROGRESS, Status.WAITING, Status.ON_HOLD}
    is_so = bool(letters) and new is now and new in working
    assert bool(refused) is not (may or is_so), "what is so already is no fault"
    assert (address in told(decision, MailKind.REFUSAL)) is not (may or is_so)


@pytest.mark.parametrize("pair", [p for p, row in ROWS.items() if row[1] != "nothing"])
def test_what_needs_a_text_does_not_happen_without_one(pair: tuple[Status, Status]) -> None:
    old, new = pair
    decision = after(by(SUPPORTER, f"Status: {new}"), about(status=old))
    assert decision.ticket is not None
    assert decision.ticket.status is old
    note = str(decision.outgoing[-1].values["notes"])
    assert TRANSITIONS[pair].needs in note


@pytest.mark.parametrize("pair", [p for p, row in ROWS.items() if "S" in row[0]])
def test_each_change_is_told_to_those_in_its_row(pair: tuple[Status, Status]) -> None:
    old, new = pair
    if new in BY_NO_LINE:
        return
    _, needs, tells = ROWS[pair]
    text = "" if needs == "nothing" else "\n\nWhy."
    decision = after(by(SUPPORTER, f"Status: {new}{text}"), about(status=old))
    hears = {LIST, SITE}  # they read every change
    if text or tells == "submitter":
        hears |= {SUBMITTER}
    if tells == "first-line":
        hears |= {DESK}
    assert told(decision) == hears
    kind = MailKind.SOLUTION if tells == "solution" else MailKind.UPDATE
    assert told(decision, kind) == hears
    assert changes(decision)["status"] == (str(old), str(new))


@pytest.mark.parametrize("pair", [p for p in EVERY_PAIR if p[0] not in FINAL | CLOSED])
def test_a_site_moves_its_alarm_as_its_rows_say(pair: tuple[Status, Status]) -> None:
    old, new = pair
    may = "A" in ROWS.get(pair, ("",))[0]
    event = {Status.IN_PROGRESS: "ack", Status.SOLVED: "resolve"}.get(new)
    if event is None:
        assert not may
        return
    pager = Participant(Role.ALARM, "alarm@fzk.example", "FZK-LCG2", row=4)
    alarm = about(ALARM, status=old)
    alarm = replace(alarm, participants=(*alarm.participants, pager), paging=Paging(paged_at=NOW))
    clue = Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.SITE, token_row=4)
    sites = tuple(replace(one, resolve="solve") for one in WORLD.sites)
    facts = Facts(replace(WORLD, sites=sites), ROSTER, found=((clue, alarm),))
    one = by("monitoring@fzk.example", f"Event: {event}\n\nA disk.", proofs=())
    (decision,) = decide(one, facts, POLICY, NOW)
    moves = decision.ticket is not None and decision.ticket.status is new
    assert moves is (may or old is new)
    assert bool(told(decision, MailKind.SOLUTION)) is (new is Status.SOLVED)
    assert ("solution" in changes(decision)) is (new is Status.SOLVED)


@pytest.mark.parametrize("new", sorted(CLOSED))
def test_a_solution_is_kept_and_stands_in_the_history(new: Status) -> None:
    decision = after(by(SUPPORTER, f"Status: {new}\nSolution: A cable.\n\nSorry."), about())
    assert decision.ticket is not None
    assert decision.ticket.solution == "A cable."
    assert changes(decision)["solution"] == ("", "A cable.")


def test_what_the_answers_offer_can_be_done() -> None:
    for old in Status:
        for actor in Actor:
            for new in possible(old, frozenset({actor})):
                assert (old, new) in TRANSITIONS
                assert new not in BY_NO_LINE
