"""Which ticket a mail may belong to: what to look up, strongest clue first.

Precedence: a token in the recipient address; our keyed Message-IDs, newest reference first; ids of
other people's mails; the ticket number in the subject. Never the subject's text. Whether a clue is
believed is for `decide` to say.
"""

from datetime import datetime

from parsers.subject import ticket_tags
from router.addresses import Intent
from router.decision import Clue, Mail, Policy
from router.tokens import TokenClass, read_message_id, read_token
from router.words import Reason


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
    if mail.heard.message_id and strongest_intent(mail, policy) is Intent.USER:
        clues.append(Clue(Reason.THREAD_LATE_PARENT, message_id=mail.heard.message_id))
    tags = ticket_tags(mail.heard.subject, policy.ticket_tag)
    clues += [Clue(Reason.THREAD_TAG, ticket=number) for number in tags[:1]]
    return tuple(clues)


def strongest_intent(mail: Mail, policy: Policy) -> Intent:
    """Return what the mail asks for, over all of our addresses that it was sent to."""
    intents = (policy.addresses.intent(r) for r in mail.envelope.recipients)
    return min((i for i in intents if i is not None), default=Intent.USER)


def bounce_token_row(mail: Mail, policy: Policy, now: datetime) -> int:
    """Return the outbox row that a bounce address names, 0 when none does."""
    for recipient in mail.envelope.recipients:
        if policy.addresses.intent(recipient) is Intent.BOUNCE:
            token = read_token(policy.keys, policy.addresses.token(recipient), now)
            if token is not None and token.token_class is TokenClass.BOUNCE:
                return token.row
    return 0


def _tokens(mail: Mail, policy: Policy, now: datetime) -> list[Clue]:
    clues = []
    for recipient in mail.envelope.recipients:
        if policy.addresses.intent(recipient) is not Intent.ANSWER:
            continue
        token = read_token(policy.keys, policy.addresses.token(recipient), now)
        if token is not None and token.token_class is not TokenClass.BOUNCE:
            clues.append(
                Clue(
                    Reason.THREAD_TOKEN,
                    ticket=token.ticket,
                    token_class=token.token_class,
                    token_row=token.row,
                )
            )
    return clues
