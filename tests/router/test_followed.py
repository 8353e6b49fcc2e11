"""What the mail to somebody says whose lines were all followed, and who gets none."""

from dataclasses import replace

import pytest

from parsers.block import has_stray_fields, hear_block
from parsers.registry import Registry, SupportUnit
from router.decide import decide
from router.decision import Clue, Decision, Facts, Policy
from router.found import Counts
from router.lines.misread import STRAY
from router.ticket import Participant, Ticket, TicketKind
from router.tokens import TokenClass
from router.words import FINAL, MailKind, Notify, Reason, Role, Status
from templates.render import Setting, Speaker
from tests.router.replies import (
    LIST,
    PEOPLE,
    STRANGER,
    SUBMITTER,
    SUPPORTER,
    TEAM,
    WORLD,
    about,
    after,
    by,
    text_to,
    told,
)
from tests.router.test_decision_table import NOW, POLICY

OPERATORS = "those who run the helpdesk"
MORE = 'If nobody helps, "Escalate: yes" once more tells'
BACK = "> --- please write above this line ---\n> Solution: done"
SOLVED = Status.SOLVED
SPEAKER = Speaker()


def said(decision: Decision, address: str) -> str:
    """Return what the one mail to somebody says was done."""
    values = text_to(decision, address)
    done = values["done"]
    assert isinstance(done, list)
    return "\n".join((f"{values['heading']}:", *map(str, done)))


def elsewhere(
    text: str, ticket: Ticket, registry: Registry = WORLD, policy: Policy = POLICY
) -> Decision:
    """Return what the submitter's reply does in another world."""
    clue = Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.PERSON, token_row=1)
    facts = Facts(registry, PEOPLE, found=((clue, ticket),))
    return decide(by(SUBMITTER, text), facts, policy, NOW)[0]


def with_row(role: Role, address: str, ticket: Ticket | None = None) -> Ticket:
    one = Participant(role, address, mode=Notify.ON_SOLUTION, row=9)
    ticket = ticket or about()
    return replace(ticket, participants=(*ticket.participants, one))


# ---- what it says ----


@pytest.mark.parametrize(
    ("level", "sentence"),
    [
        (1, f"A mail went to NGI_DE. {MORE} TPM (first line), too."),
        (2, f"A mail went to NGI_DE and TPM (first line). {MORE} {OPERATORS}, too."),
        (
            3,
            (
                f"A mail went to NGI_DE, TPM (first line) and {OPERATORS}. "
                "That is the last level: if it cannot wait, please call them."
            ),
        ),
    ],
)
def test_who_escalates_reads_which_level_was_reached_and_whom_the_next_one_tells(
    level: int, sentence: str
) -> None:
    decision = after(by(SUBMITTER, "Escalate: yes"), about(escalation=level - 1), row=1)
    expected = f"ESCALATED:\nIt is escalated to level {level} of 3. {sentence}"
    assert said(decision, SUBMITTER) == expected


def test_who_is_told_at_two_levels_is_named_once_and_told_again() -> None:
    desk = Participant(Role.SUPPORTER, "tpm@firstline.example", "TPM", row=2)
    ticket = about(support_unit="TPM", participants=(about().participants[0], desk))
    first = elsewhere("Escalate: yes", ticket)
    assert said(first, SUBMITTER).endswith(f"A mail went to TPM. {MORE} them again.")
    second = elsewhere("Escalate: yes", replace(ticket, escalation=1))
    assert said(second, SUBMITTER).endswith(f"A mail went to TPM. {MORE} {OPERATORS}, too.")


def test_nobody_is_named_who_cannot_be_written_to() -> None:
    ticket = about(participants=about().participants[:1])
    assert "No mail could be sent to NGI_DE." in said(elsewhere("Escalate: yes", ticket), SUBMITTER)
    alone = replace(POLICY, operator=())
    last = elsewhere("Escalate: yes", about(escalation=2), policy=alone)
    assert OPERATORS not in said(last, SUBMITTER)


def test_a_first_line_of_that_name_is_not_named_twice() -> None:
    desk = SupportUnit("First line", ("tpm@firstline.example",))
    policy = replace(POLICY, first_line="First line")
    decision = elsewhere("Escalate: yes", about(), replace(WORLD, units=(desk,)), policy)
    assert said(decision, SUBMITTER).endswith(f"{MORE} First line, too.")


def test_who_verifies_reads_that_it_is_the_end() -> None:
    decision = after(by(SUBMITTER, "Verify: yes"), about(status=SOLVED), row=1)
    end = "It is verified, and so closed for good. If there is more to say, a new mail opens "
    end += "another ticket, and so does an answer."
    assert said(decision, SUBMITTER) == f"VERIFIED:\n{end}"
    decision = after(by(SUBMITTER, BACK), about(status=SOLVED), row=1, solution_of=7)
    how = "Your mail was its solution, sent back without a word of your own."
    assert said(decision, SUBMITTER) == f"VERIFIED:\n{how} {end}"


def test_who_reopens_reads_who_has_it_now() -> None:
    text = "Reopen: yes\n\nIt fails again."
    decision = after(by(SUBMITTER, text), about(status=SOLVED), row=1)
    mails = "A mail went to NGI_DE and TPM (first line)."
    assert said(decision, SUBMITTER) == f"REOPENED:\nIt is open again, and with NGI_DE. {mails}"
    decision = after(by(SUBMITTER, text), about(status=SOLVED, assigned_to=SUPPORTER), row=1)
    assert f"with NGI_DE, assigned to {SUPPORTER}. " in said(decision, SUBMITTER)


@pytest.mark.parametrize(
    ("line", "hears"),
    [
        ("Subscribe: yes", "but not of changes without a word."),
        ("Subscribe: on every change", "and every change, even without a word."),
    ],
)
def test_who_subscribes_reads_what_comes_where_and_how_to_stop_it(line: str, hears: str) -> None:
    words = said(after(by(STRANGER, line), about()), STRANGER)
    assert words.startswith(f"SUBSCRIBED:\nYou hear of it now, at {STRANGER}: what people write ")
    assert hears in words
    assert words.endswith('To stop that, answer with "Unsubscribe: yes" as the first line.')


def test_what_a_subscriber_was_promised_is_what_comes() -> None:
    for mode, comes in ((Notify.ON_SOLUTION, False), (Notify.ON_EVERY_CHANGE, True)):
        joined = after(by(STRANGER, f"Subscribe: {mode}"), about()).joins
        ticket = about(participants=(*about().participants, replace(joined[0], row=9)))
        assert STRANGER in told(after(by(SUPPORTER, "I look."), ticket))
        assert STRANGER in told(after(by(SUPPORTER, "Status: solved\n\nDone."), ticket))
        assert STRANGER not in told(after(by(SUPPORTER, "Internal: yes\n\nHm."), ticket))
        changed = after(by(SUPPORTER, "Status: in progress"), ticket)
        assert (STRANGER in told(changed)) is comes


def test_who_leaves_reads_what_ends_and_what_does_not() -> None:
    ticket = with_row(Role.SUBSCRIBER, STRANGER)
    left = after(by(STRANGER, "Unsubscribe: yes"), ticket)
    words = f"UNSUBSCRIBED:\nYou hear no more of it, at {STRANGER}."
    assert said(left, STRANGER) == f"{words} What you write to it brings you back."
    (back,) = after(by(STRANGER, "One more thing."), about()).joins
    assert (back.role, back.address) == (Role.CC, STRANGER)
    for status in sorted(FINAL):
        over = replace(ticket, status=status)
        assert said(after(by(STRANGER, "Unsubscribe: yes"), over), STRANGER) == words
    copied = after(by(SUBMITTER, "Unsubscribe: yes"), with_row(Role.CC, SUBMITTER), row=1)
    assert f"{SUBMITTER} no longer hears of it, but as its submitter." in said(copied, SUBMITTER)


@pytest.mark.parametrize("mode", list(Notify))
def test_who_changes_the_mode_reads_what_it_means(mode: Notify) -> None:
    other = next(one for one in Notify if one is not mode)
    row = Participant(Role.SUBSCRIBER, STRANGER, mode=other, row=9)
    ticket = about(participants=(*about().participants, row))
    words = said(after(by(STRANGER, f"Notification: {mode}"), ticket), STRANGER)
    assert words.startswith(f"NOTIFICATION:\nYou hear of it, at {STRANGER}: what people write")
    assert words.endswith(f'"Notification: {other}" changes that again.')


def test_several_things_are_one_mail_and_what_else_was_changed_is_listed() -> None:
    text = "Reopen: yes\nEscalate: yes\nPriority: top priority\nSubscribe: yes\n\nIt is worse."
    decision = after(by(TEAM, text), about(TicketKind.TEAM, status=SOLVED))
    words = said(decision, TEAM)
    assert words.startswith("REOPENED, ESCALATED, SUBSCRIBED:\nIt is open again")
    changes = [{"field": "priority", "old": "urgent", "new": "top priority"}]
    assert text_to(decision, TEAM)["changes"] == changes


def test_a_supporter_who_reopens_and_subscribes_is_told_of_what_his_unit_is_not() -> None:
    text = "Status: reopened\nSubscribe: yes\n\nThe site has found more."
    decision = after(by(SUPPORTER, text), about(status=SOLVED))
    assert said(decision, SUPPORTER).startswith("SUBSCRIBED:\nYou hear of it now")


# ---- one mail, and to whom none ----


def test_nothing_that_was_written_is_quoted() -> None:
    text = "Internal: yes\nEscalate: yes\n\nTheir SECRET spare is broken."
    decision = after(by(TEAM, text), about(TicketKind.TEAM))
    values = text_to(decision, TEAM)
    assert "ESCALATED" in said(decision, TEAM)
    assert "SECRET" not in str(values)
    assert (values["text"], values["internal"]) == ("", False)


def test_with_a_line_that_was_refused_there_is_the_refusal_alone() -> None:
    decision = after(by(SUBMITTER, "Escalate: yes\nCategory: Test\n\nHelp."), about(), row=1)
    assert [o.kind for o in decision.outgoing if o.recipient == SUBMITTER] == [MailKind.REFUSAL]
    assert "escalation level" in str(text_to(decision, SUBMITTER)["changes"])


def test_the_same_line_twice_is_answered_as_it_was() -> None:
    ticket = with_row(Role.SUBSCRIBER, STRANGER)
    for line, why in (
        ("Notification: on solution", "The ticket is as these lines say already."),
        ("Subscribe: yes", "you hear of this ticket already"),
    ):
        decision = after(by(STRANGER, line), ticket)
        assert told(decision, MailKind.REFUSAL) == {STRANGER}
        assert told(decision, MailKind.FOLLOWED) == set()
        assert why in str(text_to(decision, STRANGER)["notes"])


def test_who_is_told_by_another_mail_of_the_turn_gets_no_second_one() -> None:
    alarmer = "anna@cern.example"
    site = replace(WORLD.sites[0], alarm_addresses=(alarmer,))
    world = replace(WORLD, sites=(site, *WORLD.sites[1:]))
    clue = Clue(Reason.THREAD_TOKEN, 7, token_class=TokenClass.PERSON, token_row=2)
    facts = Facts(world, PEOPLE, found=((clue, about(TicketKind.TEAM)),))
    ours = "Convert: alarm\nAlarm: helpdesk.example\nEscalate: yes\n\nNow all of it."
    decision = decide(by(alarmer, ours), facts, POLICY, NOW)[0]
    assert [o.kind for o in decision.outgoing if o.recipient == alarmer] == [MailKind.ALARM]


@pytest.mark.parametrize(
    "mark", ["Auto-Submitted: auto-replied", "Precedence: bulk", "List-Id: <list.x.example>"]
)
def test_no_machine_and_no_list_gets_one(mark: str) -> None:
    decision = after(by(STRANGER, "Subscribe: yes", head=f"{mark}\r\n"), about())
    assert STRANGER not in told(decision)


def test_an_empty_return_path_gets_none() -> None:
    one = by(STRANGER, "Subscribe: yes")
    one = replace(one, envelope=replace(one.envelope, mail_from=""))
    assert STRANGER not in told(after(one, about()))


def test_who_is_not_proven_gets_none() -> None:
    for line in ("Subscribe: yes", "Escalate: yes", "Notification: on every change"):
        assert SUBMITTER not in told(after(by(SUBMITTER, line, proofs=()), about(), row=1))


def test_a_list_that_subscribes_reads_which_address_that_is() -> None:
    assert f"at {LIST}: " in said(after(by(LIST, "Subscribe: yes"), about()), LIST)


def test_beyond_the_limit_of_an_hour_the_history_says_that_none_was_sent() -> None:
    most = POLICY.receipts_per_hour
    for receipts, is_missed in ((most - 1, False), (most, True)):
        decision = after(by(STRANGER, "Subscribe: yes"), about(), counts=Counts(receipts))
        assert (STRANGER not in told(decision)) is is_missed
        assert (Reason.RECEIPT_CAP in decision.events[0].reasons) is is_missed
        assert [one.role for one in decision.joins] == [Role.SUBSCRIBER], "followed all the same"


# ---- a system that sends everything back ----


@pytest.mark.parametrize(
    ("address", "text", "status"),
    [
        (SUBMITTER, "Escalate: yes", Status.ASSIGNED),
        (SUBMITTER, "Reopen: yes\n\nNo.", SOLVED),
        (SUBMITTER, "Notification: on every change", Status.ASSIGNED),
        (STRANGER, "Subscribe: yes", Status.ASSIGNED),
    ],
)
def test_what_it_says_steers_nothing_when_it_comes_back_unmarked(
    address: str, text: str, status: Status
) -> None:
    decision = after(by(address, text), about(status=status), row=1)
    (mail,) = [one for one in decision.outgoing if one.recipient == address]
    spoken = SPEAKER.render(mail.kind, mail.values, Setting(7, NOW, answerable=False))
    assert mail.token is None
    assert not hear_block(spoken.text).fields
    assert not has_stray_fields(spoken.text, STRAY)
    again = after(by(address, spoken.text), about(), row=1)
    assert address not in told(again)
    assert not [change for event in again.events for change in event.changes]
