"""How many mails of one sender are followed, and who is told when there are too many."""

from dataclasses import replace

import pytest

from router.decide import decide
from router.decision import Clue, Decision, Facts, Mail, Policy
from router.found import Counts
from router.tokens import TokenClass
from router.words import MailKind, Outcome, Reason
from tests.router.replies import LIST, PEOPLE, SUBMITTER, SUPPORTER, WORLD, about, by, changes, told
from tests.router.test_decision_table import DKIM, NOW, POLICY, RESULTS, SMIME

FEW, MANY = POLICY.loop_mails, POLICY.loop_mails_proven
OPERATOR = "operator@helpdesk.example"
BY_RESULTS = replace(RESULTS, identity=SUPPORTER)
DKIM_OF_ROC = replace(DKIM, identity="roc.example")
WORDS = "Status: in progress\n\nThe disk is on its way."
BULK = "Precedence: bulk\r\n"
WATCHED = replace(POLICY, operator=(OPERATOR,))


def after(one: Mail, counts: Counts, policy: Policy = WATCHED) -> Decision:
    """Return what a mail with a reply token does after those that were counted."""
    clue = Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.PERSON, token_row=2)
    facts = Facts(WORLD, PEOPLE, found=((clue, about()),), counts=counts)
    (decision,) = decide(one, facts, policy, NOW)
    return decision


def is_followed(decision: Decision) -> bool:
    return bool(told(decision, MailKind.UPDATE) & {LIST, SUBMITTER})


def near(one: Mail) -> Mail:
    return replace(one, envelope=replace(one.envelope, submitted=True))


STALE = replace(DKIM_OF_ROC, signed_at=None)
OF_ANOTHER = replace(SMIME, identity="/CN=Somebody", aligned=False)


@pytest.mark.parametrize(
    ("one", "limit"),
    [
        (by(SUPPORTER, WORDS), MANY),
        (by(SUPPORTER, WORDS, (replace(SMIME, identity="/CN=Rosa"),)), MANY),
        (by(SUPPORTER, WORDS, (BY_RESULTS,)), MANY),
        (by(SUPPORTER, WORDS, ()), FEW),
        (near(by(SUPPORTER, WORDS, ())), FEW),
        (by(SUPPORTER, WORDS, (STALE,)), FEW),
        (by(SUPPORTER, WORDS, (DKIM_OF_ROC, OF_ANOTHER)), FEW),
        (by(SUPPORTER, WORDS, head=BULK), FEW),
    ],
    ids=["dkim", "s/mime", "results", "token", "submitted", "stale", "disagree", "bulk"],
)
def test_a_mail_is_followed_below_the_limit_of_its_sender(one: Mail, limit: int) -> None:
    assert is_followed(after(one, Counts(mails_to_ticket=limit - 1)))
    decision = after(one, Counts(mails_to_ticket=limit))
    assert decision.outcome is Outcome.COMMENT
    assert [event.text for event in decision.events] == [one.heard.visible]
    assert changes(decision) == {}
    assert not is_followed(decision)
    is_person = limit == MANY
    assert (Reason.TOO_MANY in decision.reasons, Reason.LOOP in decision.reasons) == (
        is_person,
        not is_person,
    )
    assert told(decision) == ({OPERATOR, SUPPORTER} if is_person else {OPERATOR})
    (notice,) = [one for one in decision.outgoing if one.recipient == OPERATOR]
    assert f"more than {limit} mails" in str(notice.values["lines"])
    assert ("loop_mails_proven" in str(notice.values["lines"])) == is_person
    assert ("The sender has been told" in str(notice.values["told"])) == is_person


def test_a_proven_person_is_told_what_becomes_of_the_mail() -> None:
    decision = after(by(SUPPORTER, WORDS), Counts(mails_to_ticket=MANY))
    (mail,) = [one for one in decision.outgoing if one.kind is MailKind.TOO_MANY]
    assert (mail.recipient, mail.in_reply_to) == (SUPPORTER, ("<1@reply.example>",))
    assert {name: mail.values[name] for name in ("mails", "minutes", "same_words", "text")} == {
        "mails": 30,
        "minutes": 10,
        "same_words": False,
        "text": WORDS,
    }


@pytest.mark.parametrize(
    ("known", "gone_out"),
    [
        ({}, {OPERATOR, SUPPORTER}),
        ({"sender_told": True}, {OPERATOR}),
        ({"loop_announced": True}, {SUPPORTER}),
        ({"loop_announced": True, "sender_told": True}, set()),
    ],
)
def test_the_operator_and_the_sender_are_each_told_once(
    known: dict[str, bool], gone_out: set[str]
) -> None:
    assert told(after(by(SUPPORTER, WORDS), Counts(0, 0, MANY, **known))) == gone_out


def test_this_answer_is_one_of_those_that_are_capped() -> None:
    counts = Counts(receipts=POLICY.receipts_per_hour, mails_to_ticket=MANY)
    decision = after(by(SUPPORTER, WORDS), counts)
    assert told(decision) == {OPERATOR}
    assert Reason.RECEIPT_CAP in decision.reasons
    assert (
        Reason.RECEIPT_CAP
        not in after(by(SUPPORTER, WORDS), replace(counts, sender_told=True)).reasons
    )


def test_the_same_words_of_a_proven_person_have_the_small_limit() -> None:
    counts = Counts(mails_to_ticket=FEW + 1, same_words=FEW - 1)
    assert is_followed(after(by(SUPPORTER, WORDS), counts))
    decision = after(by(SUPPORTER, WORDS), replace(counts, same_words=FEW))
    assert Reason.SAME_WORDS in decision.reasons
    assert told(decision) == {OPERATOR, SUPPORTER}
    (mail,) = [one for one in decision.outgoing if one.kind is MailKind.TOO_MANY]
    assert (mail.values["mails"], mail.values["same_words"]) == (FEW, True)
    (notice,) = [one for one in decision.outgoing if one.recipient == OPERATOR]
    assert f"the same words more than {FEW} times" in str(notice.values["lines"])


def test_who_is_proven_never_has_a_smaller_limit_than_others() -> None:
    policy = replace(WATCHED, loop_mails=50)
    assert is_followed(after(by(SUPPORTER, WORDS), Counts(mails_to_ticket=49), policy))
    assert not is_followed(after(by(SUPPORTER, WORDS), Counts(mails_to_ticket=50), policy))


def test_a_wait_is_never_said_too_short() -> None:
    policy = replace(WATCHED, loop_window_s=90)
    decision = after(by(SUPPORTER, WORDS), Counts(mails_to_ticket=MANY), policy)
    (mail,) = [one for one in decision.outgoing if one.kind is MailKind.TOO_MANY]
    assert mail.values["minutes"] == 2
