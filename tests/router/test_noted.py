"""What is noted beside an entry of a history: in the history as in the mails, by who reads it."""

from dataclasses import replace

import pytest

from parsers.block import Field
from parsers.heard import Note
from router.addresses import Intent
from router.decide import decide
from router.decision import Clue, Command, Decision, Facts
from router.found import Counts
from router.noted import MAX_NOTE_CHARS, MAX_NOTES, MAX_TOLD, noted, told_to, told_with
from router.telling import NOT_FOLLOWED
from router.ticket import Paging, Participant, TicketEvent, TicketKind
from router.unanswered import next_step
from router.words import Audience, EventKind, MailKind, Outcome, Reason, Role, Status
from tests.router.replies import (
    ALARMER,
    FIRST_LINE,
    LIST,
    PEOPLE,
    SITE,
    SUBMITTER,
    SUPPORTER,
    WORLD,
    about,
    after,
    by,
    text_to,
)
from tests.router.test_decision_table import ANNA, DKIM, NOW, POLICY
from tests.router.test_domain_evidence import alarm, asking
from tests.router.test_following import master, slave
from tests.router.test_internal import held
from tests.router.test_moving import entry, moved
from tests.router.test_relations import JOE, all_after

QUIET = replace(
    WORLD, sites=(*WORLD.sites, replace(WORLD.sites[0], name="QUIET", contacts=(), roc="NGI_IT"))
)
NO_CONTACT = "No contact address is known for QUIET: only NGI_IT was notified."
OPENING = TicketEvent(EventKind.OPENED, SUBMITTER, NOW, "Lost.")
UNIT_OF_QUIET = "it@roc.example"
CUT = "the text was longer than the ticket takes"


def notes_to(decision: Decision, address: str) -> list[str]:
    notes = text_to(decision, address)["notes"]
    assert isinstance(notes, list)
    return notes


def by_kind(decision: Decision, kind: MailKind, address: str) -> list[str]:
    (one,) = [o for o in decision.outgoing if (o.kind, o.recipient) == (kind, address)]
    notes = one.values["notes"]
    assert isinstance(notes, list)
    return notes


# ---- what is kept ----


def test_a_note_is_kept_as_one_clean_line() -> None:
    one = noted(OPENING, ["The line\x1b[31m \u202e\r\n\r\nStatus: solved\x00 was odd.", " \x07"])
    assert one.notes == ("The line[31m Status: solved was odd.",)


def test_few_notes_are_kept_and_the_rest_is_counted() -> None:
    exactly = noted(OPENING, map(str, range(MAX_NOTES)))
    assert exactly.notes == tuple(map(str, range(MAX_NOTES)))
    one_more = noted(OPENING, map(str, range(MAX_NOTES + 1))).notes
    assert (len(one_more), one_more[-1]) == (MAX_NOTES, "2 more notes are left out here.")
    one = noted(OPENING, ["a"] * (MAX_NOTES + 7), ["b"] * 1000)
    assert one.notes == (*["a"] * (MAX_NOTES - 1), "8 more notes are left out here.")
    assert one.refusals == (*["b"] * (MAX_NOTES - 1), "981 more notes are left out here.")
    assert told_to(one, Audience.UNIT) == (*one.refusals, *one.notes), "nothing is counted twice"


def test_a_long_note_is_cut_and_shows_it() -> None:
    (note,) = noted(OPENING, ["x" * MAX_NOTE_CHARS * 9]).notes
    assert (len(note), note[-4:]) == (MAX_NOTE_CHARS, "x...")
    assert noted(OPENING, ["x" * MAX_NOTE_CHARS]).notes == ("x" * MAX_NOTE_CHARS,)


def test_a_mail_that_tells_many_entries_stays_bounded() -> None:
    one = told_with(OPENING, map(str, range(200)))
    told = told_to(one, Audience.SITE)
    assert (len(told), told[0], told[-1]) == (MAX_TOLD, "0", "161 more notes are left out here.")


@pytest.mark.parametrize("audience", sorted(set(Audience) - {Audience.UNIT}))
def test_what_was_refused_is_for_supporters_and_for_the_answer_to_its_writer(
    audience: Audience,
) -> None:
    one = noted(OPENING, ["For all."], ["Refused."])
    assert told_to(one, Audience.UNIT, MailKind.UPDATE) == ("Refused.", "For all.")
    for kind in set(MailKind) - {MailKind.REFUSAL, MailKind.HELD}:
        assert told_to(one, audience, kind) == ("For all.",), kind
    for kind in (MailKind.REFUSAL, MailKind.HELD):
        assert told_to(one, audience, kind) == ("Refused.", "For all.")


# ---- replies ----


def test_a_line_that_was_not_followed_is_in_the_history_as_in_the_mails() -> None:
    decision = after(by(SUPPORTER, "Status: slved\nPriority: urgent\n\nSoon."), about())
    (event,) = decision.events
    (refusal,) = event.refusals
    assert 'The line "Status: slved" was not followed' in refusal
    assert event.notes == ()
    assert notes_to(decision, SUPPORTER) == notes_to(decision, LIST) == [refusal]
    for other in (SUBMITTER, SITE):
        assert notes_to(decision, other) == [NOT_FOLLOWED]


@pytest.mark.parametrize("lines", ["Internal: yes\nCategory: Fun", "Internal: yes\nPriority: low"])
def test_what_is_noted_beside_an_internal_note_stays_beside_it(lines: str) -> None:
    text = f"{lines}\nStatus: waiting for reply\n\nA secret."
    decision = after(by(SUPPORTER, text), about())
    note, public = decision.events
    assert (note.internal, public.internal) == (True, False)
    assert note.refusals
    assert (public.notes, public.refusals) == ((), ())
    for one in decision.outgoing:
        knows = one.recipient in {LIST, SUPPORTER}
        assert ("was not followed" in str(one.values)) is knows, one.recipient


@pytest.mark.parametrize("earlier", [0, POLICY.loop_mails_proven])
def test_how_a_comment_was_heard_is_in_the_history_also_of_one_too_many(earlier: int) -> None:
    one = by(SUPPORTER, "It fails.")
    one = replace(one, heard=replace(one.heard, notes=(Note.CHARSET_GUESSED,)))
    decision = after(one, about(), counts=Counts(mails_to_ticket=earlier))
    kept = (str(Note.CHARSET_GUESSED),)
    assert [event.notes for event in decision.events] == [kept]
    reader = SUPPORTER if earlier else SUBMITTER
    assert notes_to(decision, reader) == list(kept)


def test_a_new_unit_and_site_are_told_the_notes_of_before_but_no_refusals() -> None:
    opening = noted(OPENING, ["The mail has no text."], ["Refused at first."])
    said = replace(OPENING, kind=EventKind.COMMENT, text="Status: slved\n\nMore.")
    said = noted(said, [CUT], ["Refused before."])
    note = noted(replace(said, text="A secret.", internal=True), ["Noted inside."])
    one = by(SUPPORTER, "Notified site: INFN-T1\nStatus: slved\n\nTheirs.")
    decision = after(one, about(), opening=opening, later=(said, note))
    at_unit, at_site = (notes_to(decision, a) for a in (UNIT_OF_QUIET, "grid@infn.example"))
    assert set(at_unit) == {"The mail has no text.", CUT, "Noted inside."}
    assert set(at_site) == {"The mail has no text.", CUT}


def test_a_way_without_a_contact_is_noted_with_lines_alone_too() -> None:
    clue = Clue(Reason.THREAD_TOKEN, 7, token_row=2)
    facts = Facts(QUIET, PEOPLE, found=((clue, about()),), opening=OPENING)
    decision, *_ = decide(by(SUPPORTER, "Notified site: QUIET\n"), facts, POLICY, NOW)
    assert decision.events[0].notes == (NO_CONTACT,)
    assert NO_CONTACT in notes_to(decision, UNIT_OF_QUIET)


def test_so_it_is_when_an_operator_does_it() -> None:
    clue = Clue(Reason.THREAD_TAG, 7)
    facts = Facts(QUIET, PEOPLE, found=((clue, about()),), opening=OPENING)
    asked = Command("steer", 7, "root", lines=(Field("site", "QUIET", "Site: QUIET"),))
    decision, *_ = decide(asked, facts, POLICY, NOW)
    assert decision.events[0].notes == (NO_CONTACT,)
    assert NO_CONTACT in notes_to(decision, UNIT_OF_QUIET)


def test_what_was_heard_of_a_confirmation_is_noted() -> None:
    ticket, facts = held(())
    one = by(FIRST_LINE, "Confirm: yes\n\nGo.\nOn.")
    one = replace(one, heard=replace(one.heard, notes=(Note.CHARSET_GUESSED,)))
    decision = after(one, ticket, opening=facts.opening)
    assert decision.outcome is Outcome.COMMAND
    assert decision.events[0].notes == (str(Note.CHARSET_GUESSED),)


# ---- held, and let go ----


def test_what_a_held_request_would_have_needed_is_for_its_writer_and_first_line() -> None:
    decision = alarm(DKIM, policy=asking({"cern.example": ("smime",)}))
    sentence = "An alarm from an address at cern.example needs an S/MIME signature."
    assert (decision.events[0].refusals, decision.events[0].notes) == ((sentence,), ())
    assert by_kind(decision, MailKind.HELD, ANNA) == [sentence]
    assert by_kind(decision, MailKind.NOTIFICATION, "tpm@firstline.example") == [sentence]


@pytest.mark.parametrize("name", ["release", "confirm"])
def test_who_is_told_of_a_request_that_is_let_go_reads_what_was_noted(name: str) -> None:
    said = replace(OPENING, kind=EventKind.COMMENT, by=FIRST_LINE, text="Urgent.")
    _, facts = held((noted(said, ["Of the comment."], ["Refused."]),))
    ticket = replace(facts.found[0][1], notified_site="QUIET")
    opening = noted(OPENING, [CUT], ["It needs more proof."])
    facts = replace(facts, registry=QUIET, found=((facts.found[0][0], ticket),), opening=opening)
    (decision,) = decide(Command(name, 7, "root", ""), facts, POLICY, NOW)
    kept = decision.events[0].notes
    assert NO_CONTACT in kept
    receipt = by_kind(decision, MailKind.RECEIPT, SUBMITTER)
    assert receipt == [*kept, CUT]
    assert by_kind(decision, MailKind.NOTIFICATION, UNIT_OF_QUIET) == receipt
    assert by_kind(decision, MailKind.UPDATE, UNIT_OF_QUIET) == ["Of the comment."]


def test_a_held_request_does_not_say_yet_who_was_told_of_it() -> None:
    mail = by(SUBMITTER, "Site: QUIET\n\nLost.", proofs=())
    mail = replace(mail, intent=Intent.ALARM)
    (decision,) = decide(mail, Facts(QUIET, PEOPLE), POLICY, NOW)
    assert decision.outcome is Outcome.HELD
    assert NO_CONTACT not in str((decision.events, decision.outgoing))


# ---- alarms, other tickets ----


def test_an_alarm_that_is_raised_again_tells_what_was_noted_when_it_began() -> None:
    woken = Participant(Role.ALARM, "alarm@fzk.example", "FZK-LCG2", row=9)
    ticket = about(TicketKind.ALARM, paging=Paging(paged_at=NOW), status=Status.ASSIGNED)
    ticket = replace(ticket, participants=(*ticket.participants, woken))
    facts = Facts(WORLD, PEOPLE, opening=noted(OPENING, [CUT], ["Refused."]))
    (decision,) = next_step(ticket, Reason.NO_ANSWER, facts, POLICY, NOW)
    why = decision.events[0].text
    assert by_kind(decision, MailKind.ALARM, woken.address) == [why, CUT]


def test_a_drill_keeps_that_nobody_could_be_alarmed() -> None:
    site = replace(WORLD.sites[0], alarm_addresses=(), contacts=())
    facts = Facts(replace(WORLD, sites=(site,)), PEOPLE)
    asked = Command("drill", 0, ALARMER, site="FZK-LCG2", vo="atlas", drill="march")
    (decision,) = decide(asked, facts, POLICY, NOW)
    (event,) = decision.events
    assert "nobody there was alarmed" in str(event.notes)
    assert by_kind(decision, MailKind.NOTIFICATION, LIST) == list(event.notes)


def test_a_slave_keeps_why_it_was_solved() -> None:
    one, beside = all_after(by(SUPPORTER, "Status: solved\n\nA cable."), master(), slave())
    assert one.events[0].notes == ()
    note = "It was solved with its master, #7."
    assert beside.events[0].notes == (note,)
    assert note in notes_to(beside, JOE)


@pytest.mark.parametrize(
    ("to", "note"),
    [
        (12, "It was written to ticket #7 and was moved here."),
        (0, "It was a comment on ticket #7 and was made a ticket of its own."),
    ],
)
def test_a_moved_comment_keeps_where_it_came_from_and_leaves_its_own_notes(
    to: int, note: str
) -> None:
    left, here = moved(entry(notes=("Of the lines there.",), refusals=("Refused there.",)), to)
    assert (left.notes, here.events[0].refusals, here.events[1].notes) == ((), (), ())
    assert here.events[0].notes == (note,)
    assert notes_to(here, LIST) == [note]
