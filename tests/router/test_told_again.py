"""What somebody who comes later is told of what was said before: by whom, and not by a forger."""

from router.ticket import TicketEvent
from router.words import EventKind
from tests.router.replies import SUBMITTER, SUPPORTER, about, after, by, text_to
from tests.router.test_decision_table import NOW
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
        str(one.values["text"]) for one in survivor.outgoing if one.recipient == "ngi@roc.example"
    ]
    assert SAID in told
