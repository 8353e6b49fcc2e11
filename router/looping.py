"""Too many mails of one sender to one ticket: they are kept, but neither told nor followed.

A few mails are a machine's. A person who is proven may write many in an incident, as long as they
differ; whoever has written too many is told so, once, because the next mail would look like any
other to its writer.
"""

from collections.abc import Mapping
from dataclasses import replace

from parsers.heard import Automatic
from router.addresses import LANE_REPLY
from router.authority import Sender
from router.decision import Decision, Mail, Outgoing, Policy
from router.holding import why_no_answer
from router.joined import Joined
from router.notices import NOBODY_ELSE, Story, operator_notice
from router.rights import PROVEN
from router.ticket import Participant, TicketEvent
from router.words import EventKind, MailKind, Outcome, Reason, Role

_WHAT: Mapping[Reason, str] = {
    Reason.LOOP: "sent more than {mails} mails",
    Reason.TOO_MANY: "sent more than {mails} mails",
    Reason.SAME_WORDS: "sent the same words more than {mails} times",
}
_KEYS: Mapping[Reason, str] = {
    Reason.LOOP: "If a person wrote them: loop_mails and loop_window",
    Reason.TOO_MANY: "Their sender is proven: loop_mails_proven and loop_window",
    Reason.SAME_WORDS: "Their sender is proven: loop_mails and loop_window",
}


def is_proven_person(mail: Mail, sender: Sender) -> bool:
    """Whether a mail is surely of whom it names, and no machine has marked it."""
    return sender.standing in PROVEN and mail.heard.automatic is Automatic.NO


def most_mails(mail: Mail, sender: Sender, policy: Policy) -> int:
    """Return how many mails of a sender to one ticket are followed within the window."""
    if is_proven_person(mail, sender):
        return max(policy.loop_mails, policy.loop_mails_proven)
    return policy.loop_mails


def why_too_many(joined: Joined) -> Reason | None:
    """Return why a mail is one too many, None for one that is followed."""
    counts, policy = joined.facts.counts, joined.policy
    person = is_proven_person(joined.mail, joined.sender)
    if counts.mails_to_ticket >= most_mails(joined.mail, joined.sender, policy):
        return Reason.TOO_MANY if person else Reason.LOOP
    if person and counts.same_words >= policy.loop_mails:
        return Reason.SAME_WORDS
    return None


def title_of_notice(ticket: int, policy: Policy) -> str:
    """Return what a notice to the operator about a loop is called, and no other notice is."""
    return f"A mail loop in {policy.ticket_tag}: #{ticket}?"


def frozen(joined: Joined, why: Reason) -> Decision:
    """Keep a mail that is one too many; tell the operator once, and a proven person, too."""
    counts, policy = joined.facts.counts, joined.policy
    meant = is_proven_person(joined.mail, joined.sender) and not counts.sender_told
    silent = why_no_answer(joined.mail, joined.facts, policy, joined.may) if meant else None
    tells = meant and silent is None
    reasons = (joined.clue.reason, why, *((silent,) if silent else ()))
    event = joined.event(EventKind.COMMENT, verified=joined.may.comment, reasons=reasons)
    message_id = joined.mail.heard.message_id
    return Decision(
        Outcome.COMMENT,
        reasons,
        ticket=joined.ticket,
        events=(event,),
        outgoing=(
            *(() if counts.loop_announced else _notice(joined, why, event, sender_told=tells)),
            *((_answer(joined, why, event),) if tells else ()),
        ),
        thread_ids=(message_id,) if message_id else (),
    )


def _notice(
    joined: Joined, why: Reason, event: TicketEvent, *, sender_told: bool
) -> tuple[Outgoing, ...]:
    where = f"{joined.policy.ticket_tag}: #{joined.ticket.number}"
    what = _WHAT[why].format(mails=_limit(joined, why))
    lines = [
        f"{event.by} {what} to {where} in {_minutes(joined.policy)} minutes.",
        "They are kept in the ticket, but until it is quiet again nobody is told of them.",
        "Lines in them are not followed.",
        f"{_KEYS[why]} in [routing] say how many are a loop.",
    ]
    told = "The sender has been told, and nobody else." if sender_told else NOBODY_ELSE
    title = title_of_notice(joined.ticket.number, joined.policy)
    return operator_notice(joined.policy, title, lines, told=told)


def _answer(joined: Joined, why: Reason, event: TicketEvent) -> Outgoing:
    heard = joined.mail.heard
    story = Story(joined.ticket, event, joined.policy, answers=heard.message_id)
    mail = story.to(Participant(Role.SUBMITTER, joined.address), MailKind.TOO_MANY, LANE_REPLY)
    more = {
        "mails": _limit(joined, why),
        "minutes": _minutes(joined.policy),
        "same_words": why is Reason.SAME_WORDS,
    }
    return replace(mail, values={**mail.values, **more}, role=None, token=None)


def _limit(joined: Joined, why: Reason) -> int:
    if why is Reason.SAME_WORDS:
        return joined.policy.loop_mails
    return most_mails(joined.mail, joined.sender, joined.policy)


def _minutes(policy: Policy) -> int:
    return -(-policy.loop_window_s // 60)  # rounded up: a wait that is too short helps nobody
