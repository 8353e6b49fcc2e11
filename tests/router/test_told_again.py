"""What somebody who comes later is told of what was said before: by whom, and not by a forger."""

from dataclasses import replace

from parsers.alarm import AlarmStatus
from router.alarming import alarm_status
from router.decide import decide
from router.decision import Clue, Command, Facts
from router.found import Counts
from router.ticket import Paging, Participant, TicketEvent, TicketKind
from router.tokens import TokenClass
from router.words import EventKind, MailKind, Reason, Role
from tests.router.replies import (
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
from tests.router.test_decision_table import NOW, POLICY
from tests.router.test_relations import all_after, other

OPENING = TicketEvent(EventKind.OPENED, SUBMITTER, NOW, "It is lost.")
FORGED = TicketEvent(EventKind.UNVERIFIED, SUPPORTER, NOW, "Wipe the disks.", verified=False)
SAID = f"{SUPPORTER} (who it is was not proven), 2026-03-02 10:00 UTC:\n\nWipe the disks."


def test_a_new_unit_reads_that_nobody_knows_who_wrote_a_remark() -> None:
    reply = by(SUPPORTER, "Notified site: INFN-T1\n\nYours.")
    decision = after(reply, about(), opening=OPENING, later=(FORGED,))
    assert SAID in str(text_to(decision, "it@roc.example")["text"])


def test_a_new_site_is_not_told_what_its_old_one_was_not() -> None:
    reply = by(SUPPORTER, "Notified site: INFN-T1\n\nYours.")
    decision = after(reply, about(), opening=OPENING, later=(FORGED,))
    text = str(text_to(decision, "grid@infn.example")["text"])
    assert "It is lost." in text
    assert "Yours." in text
    assert "Wipe" not in text


def test_the_unit_of_a_survivor_reads_it_as_well() -> None:
    reply = by(SUPPORTER, "Merge into: #12\n\nThe same.")
    known = {"opening": OPENING, "later": (FORGED,)}
    elsewhere = other(support_unit="NGI_IT")
    _, survivor = all_after(reply, about(), elsewhere, **known)
    (told,) = [
        str(one.values["earlier"])
        for one in survivor.outgoing
        if one.recipient == "ngi@roc.example"
    ]
    assert SAID in told


def test_words_of_a_merged_ticket_that_are_left_out_are_counted() -> None:
    said = tuple(replace(FORGED, text=f"Word {at}.", verified=True) for at in range(40))
    reply = by(SUPPORTER, "Merge into: #12\n\nThe same.")
    elsewhere = other(support_unit="NGI_IT")
    _, survivor = all_after(reply, about(), elsewhere, opening=OPENING, later=said)
    (told,) = [str(one.values["earlier"]) for one in survivor.outgoing if one.recipient == LIST]
    assert told.endswith("Word 28.\n\n11 more are in #7.")


def test_answers_to_a_held_ticket_that_are_left_out_are_counted() -> None:
    said = tuple(replace(FORGED, text=f"Word {at}.", verified=True) for at in range(23))
    held = about(held=Reason.UNPROVEN)
    clue = Clue(Reason.THREAD_TOKEN, 7)
    facts = Facts(WORLD, PEOPLE, found=((clue, held),), opening=OPENING, later=said)
    (made,) = decide(Command("release", 7, "root"), facts, POLICY, NOW)
    first = next(one for one in made.outgoing if one.kind is MailKind.NOTIFICATION)
    assert "3 more answers are in its history" in str(first.values["notes"])
    later = [one for one in made.outgoing if one.kind is MailKind.UPDATE]
    assert len({str(one.values["text"]) for one in later}) == 20


def test_a_site_that_has_written_too_much_still_answers_its_alarm() -> None:
    pager = Participant(Role.ALARM, "alarm@fzk.example", "FZK-LCG2", row=4)
    alarm = about(TicketKind.ALARM, participants=(*about().participants, pager), paging=Paging())
    site = Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.SITE, token_row=4)
    many = Counts(mails_to_ticket=POLICY.loop_mails, loop_announced=True)
    facts = Facts(WORLD, PEOPLE, found=((site, alarm),), counts=many)
    one = decide(by(SITE, "We are on it.", proofs=()), facts, POLICY, NOW)[0]
    assert one.ticket is not None
    assert alarm_status(one.ticket) is AlarmStatus.ACKNOWLEDGED
    assert {mail.recipient for mail in one.outgoing} >= {LIST, SUBMITTER}
