"""Which ticket a mail may belong to: what to look up, strongest clue first.

Precedence: a token in the recipient address; our keyed Message-IDs, newest reference first; ids of
other people's mails; the ticket number in the subject. Never the subject's text. Whether a clue is
believed is for `decide` to say.
"""

from datetime import datetime

from parsers.envelope import Envelope
from parsers.subject import ticket_tags
from router.addresses import Intent
from router.decision import Clue, Mail, Policy
from router.tokens import Token, TokenClass, read_message_id, read_token
from router.words import Reason

ANSWERS_A_LIST = (
    "It answers a mail of ours that is not about one ticket, such as a list of reminders:"
    " perhaps it belongs to one of those."
)


def thread(mail: Mail, policy: Policy, now: datetime) -> tuple[Clue, ...]:
    """Return the clues to a mail's ticket, strongest first; empty for a mail that starts one."""
    references = tuple(dict.fromkeys((*mail.heard.in_reply_to, *reversed(mail.heard.references))))
    clues = [*_tokens(mail, policy, now)]
    foreign: list[Clue] = []
    for message_id in references:
        ticket = read_message_id(policy.keys, message_id)
        if ticket is not None:
            clues.append(Clue(Reason.THREAD_OWN_ID, ticket=ticket))
        else:
            foreign.append(Clue(Reason.THREAD_FOREIGN_ID, message_id=message_id))
    clues += foreign
    if mail.heard.message_id and mail.intent is Intent.USER:
        clues.append(Clue(Reason.THREAD_LATE_PARENT, message_id=mail.heard.message_id))
    tags = ticket_tags(mail.heard.subject, policy.ticket_tag)
    clues += [Clue(Reason.THREAD_TAG, ticket=number) for number in tags[:1]]
    return tuple(clues)


def intent_of(envelope: Envelope, policy: Policy, now: datetime) -> Intent:
    """Return what a mail asks for, over all of our addresses that it was sent to.

    Strongest first: a valid token, alarm, team, support. A reply address without a valid token is
    no answer to anything; it asks as a user would.
    """
    intents = [
        Intent.USER if intent is Intent.ANSWER and _token(r, policy, now) is None else intent
        for r in envelope.recipients
        if (intent := policy.addresses.intent(r)) is not None
    ]
    return min(intents, default=Intent.USER)


def sent_row(mail: Mail, policy: Policy, now: datetime) -> int:
    """Return the outbox row that an address names: a bounce's, or a heartbeat's; 0 for none."""
    for recipient in mail.envelope.recipients:
        alive = _token(recipient, policy, now)
        if alive is not None and alive.token_class is TokenClass.SITE and not alive.ticket:
            return alive.row
        if policy.addresses.intent(recipient) is Intent.BOUNCE:
            token = read_token(policy.keys, policy.addresses.token(recipient), now)
            if token is not None and token.token_class is TokenClass.BOUNCE:
                return token.row
    return 0


def answers_a_list(mail: Mail, policy: Policy) -> tuple[str, ...]:
    """Return a sentence for who reads a new ticket that answers a mail of ours about several."""
    references = (*mail.heard.in_reply_to, *mail.heard.references)
    if all(read_message_id(policy.keys, one) != 0 for one in references):
        return ()
    return (ANSWERS_A_LIST,)


def _token(recipient: str, policy: Policy, now: datetime) -> Token | None:
    """Return the valid token for answers inside a recipient address."""
    if policy.addresses.intent(recipient) is not Intent.ANSWER:
        return None
    token = read_token(policy.keys, policy.addresses.token(recipient), now)
    return None if token is None or token.token_class is TokenClass.BOUNCE else token


def _tokens(mail: Mail, policy: Policy, now: datetime) -> list[Clue]:
    found = (_token(recipient, policy, now) for recipient in mail.envelope.recipients)
    return [
        Clue(
            Reason.THREAD_TOKEN,
            ticket=token.ticket,
            token_class=token.token_class,
            token_row=token.row,
        )
        for token in found
        if token is not None
    ]
