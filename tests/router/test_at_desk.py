"""Refusals at the terminal: each speaks of the options that were typed, and of no mail."""

import re

import pytest

from gateway.commands.steering import LINES
from parsers.block import KEYS, Field
from parsers.errors import Refused
from router.decide import decide
from router.decision import Clue, Command, Facts
from router.ticket import Relation, Ticket, TicketKind, Tie
from router.typed import OPTIONS
from router.words import Reason, Status
from tests.router.replies import PEOPLE, SUBMITTER, WORLD, about
from tests.router.test_decision_table import NOW, POLICY
from tests.router.test_relations import FIRING, joined, other

OF_A_MAIL = re.compile(r'\b(mail|(?<!first )lines?|below it|above|write "|you)\b|"[A-Z][A-Za-z ]*:')
SOLVED = about(status=Status.SOLVED)
SLAVE, MASTER = joined(about(), Tie.MASTER, 9), joined(about(), Tie.SLAVE, 9)
# What is typed, on which ticket, and what is said.
WRONG = [
    ("status", "solved", about(), "--status solved was not followed: please write the solution"),
    ("status", "unsolved", about(), "please write the solution with --comment."),
    ("status", "on hold", about(), '--status "on hold" was not followed: please write the reason'),
    ("status", "on hold", about(), "please write the reason with --comment."),
    ("status", "reopened", SOLVED, "please write with --comment what is still wrong."),
    ("status", "reopened", about(), "only a ticket that is solved or unsolved can be reopened"),
    ("status", "verified", SOLVED, "it is for: its submitter. The ticket stays solved."),
    ("status", "assigned", about(), "a ticket is assigned by --assign UNIT."),
    ("status", "closed", about(), "nobody sets that by hand"),
    ("status", "", about(), '--status "" was not followed: there is no such status.'),
    ("assign_to", "me", about(), "--assign me was not followed: please give the address of a"),
    ("assign_to", "NGI_IT", SOLVED, "please reopen it first, with --status reopened."),
    ("assign_to", "x@y.example", about(), "there are no supporters of NGI_DE who are registered"),
    ("assign_to", "", about(), '--assign "" was not followed: known are: TPM'),
    ("priority", "urgnt", about(), "--priority urgnt was not followed: allowed are: less urgent"),
    ("priority", "top priority", about(), "please write with --comment why it has to be raised."),
    ("priority", "less urgent", about(), "please write with --comment why it has to be lowered."),
    ("category", "Fun", about(), "--category Fun was not followed: allowed are: Incident"),
    ("type_of_issue", "", about(), '--type-of-issue "" was not followed: it takes 1 to 50'),
    ("vo", "lhcb", about(), "--vo lhcb was not followed: allowed are: atlas, cms, none."),
    ("vo_specific", "yes", about(vo=""), "it has no VO; --vo NAME can come with this one."),
    ("site", "", about(), '--site "" was not followed: please name one site.'),
    ("site", "INFN-T1", SOLVED, "please reopen it first, with --status reopened."),
    ("site", "INFN-T1", about(TicketKind.TEAM), "TEAM tickets keep their site."),
    ("affected_site", "NOWHERE", about(), "--affected-site NOWHERE was not followed: allowed"),
    ("solution", "Done.", about(), "goes with --status solved or --status unsolved."),
    ("solution", "Done.", SOLVED, "please write --status reopened now, and --status solved after"),
    ("cc", "all", about(), "--cc all was not followed: it takes addresses"),
    ("cc", "-a@x.example", about(), "a@x.example was not brought in; those who were: nobody."),
    ("involve", SUBMITTER, about(), "the submitter reads no internal notes."),
    ("related", "", about(), '--related "" was not followed: it takes 1 to 125 characters.'),
    ("cross_reference", "x", about(), "--cross-reference x was not followed: it takes numbers"),
    ("master", "#99", about(), "--master 99 was not followed: there is no ticket #99."),
    ("master", "#12", SOLVED, "please reopen it first, with --status reopened."),
    ("master", "#12", SLAVE, "and a ticket has one at most; --unlink 9 ends that."),
    ("master", "none", about(), "it has no master, so there is nothing to end."),
    ("parent", "#12", MASTER, "tickets wait for it already (#9); --unlink N ends that."),
    ("parent", "#9", MASTER, "#9 is its slave; --unlink 9 ends that."),
    ("duplicate_of", "none", about(), "it is no duplicate, so there is nothing to end."),
    ("duplicate_of", "#12", FIRING, "nobody has answered its alarm"),
    ("merge_into", "#99", about(), "merge 99 was not followed: there is no ticket #99."),
    ("unlink", "#12", about(), "--unlink 12 was not followed: #12 has no relation to this ticket"),
    ("status", "solved", joined(about(), Tie.CHILD, 12), "Solve them first, or write --unlink N."),
    ("status", "in progress", about(held=Reason.UNPROVEN), "is held; release or confirm it first."),
]  # fmt: skip


def ask(ticket: Ticket, *lines: tuple[str, str], text: str = "") -> str:
    """Return what is said to an operator who is refused."""
    names = {key: name for name, key in KEYS.items()}
    fields = tuple(Field(key, value, f"{names[key]}: {value}") for key, value in lines)
    nine = other(9, relations=(Relation(Tie.MASTER, 7),))
    facts = Facts(
        WORLD, PEOPLE, found=((Clue(Reason.THREAD_TAG, 7), ticket),), related={9: nine, 12: other()}
    )
    with pytest.raises(Refused) as refused:
        decide(Command("steer", 7, "root", text, lines=fields), facts, POLICY, NOW)
    return refused.value.public


@pytest.mark.parametrize(("key", "value", "ticket", "says"), WRONG)
def test_a_refusal_speaks_of_the_options(key: str, value: str, ticket: Ticket, says: str) -> None:
    said = ask(ticket, (key, value))
    assert says in said
    assert said.startswith(OPTIONS[key])
    assert said.endswith("\nNothing was changed.")
    assert not OF_A_MAIL.search(said.replace(f'"{value}"', "")), said


def test_each_option_has_been_refused_here() -> None:
    assert {key for key, *_ in WRONG} == set(OPTIONS) - {"internal"}


def test_the_options_are_those_of_the_command() -> None:
    typed = {KEYS[line.lower()]: option for option, line, _ in LINES}
    assert typed == {
        key: one for key, one in OPTIONS.items() if key not in {"internal", "merge_into"}
    }


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            (("master", "#12"), ("status", "in progress")),
            'with it the ticket is on hold, and --status "in progress" says otherwise',
        ),
        (
            (("master", "#12"), ("parent", "#12")),
            "a ticket is below one other, and --parent 12 names one, too",
        ),
        ((("site", "INFN-T1"), ("assign_to", "NGI_IT")), "please name a site or a unit, not both."),
        (
            (("internal", "yes"), ("status", "solved")),
            "an internal text is no solution; please add --solution TEXT.",
        ),
    ],
)
def test_options_that_contradict_each_other_are_named(
    lines: tuple[tuple[str, str], ...], says: str
) -> None:
    assert says in ask(about(), *lines, text="We look.")


def test_a_comment_that_wants_to_be_internal_is_asked_for_the_option() -> None:
    said = ask(about(), text="Dear all,\nInternal: yes\nA secret.")
    assert "Please add --internal, or take that line out." in said
    assert "supporters only" not in said, "nothing was shown to anybody"


def test_what_an_operator_quotes_in_a_value_does_not_confuse_the_answer() -> None:
    said = ask(about(), ("solution", 'He wrote "Done" twice.'))
    assert said.startswith('--solution "He wrote "Done" twice." was not followed: a solution')
