"""Whether a mail was meant for the ticket that it reached: what is signed may say otherwise.

Whoever gets a copy of a supporter's signed mail can send it on to another ticket's reply address.
The signature holds, so what is signed has to speak: recipients, subject, references. A mail that
names no ticket at all is believed; one that names another one, and not this, steers nothing.
"""

from collections.abc import Iterator
from datetime import datetime

from parsers.subject import ticket_tags
from router.authority import Sender
from router.decision import Mail, Policy
from router.tokens import read_message_id, read_token


def is_for_another(
    mail: Mail, sender: Sender, here: frozenset[int], policy: Policy, now: datetime
) -> bool:
    """Whether what is signed of a mail names a ticket, but none of these."""
    named = set(_named(mail, sender, policy, now))
    return bool(named) and not named & here


def _named(mail: Mail, sender: Sender, policy: Policy, now: datetime) -> Iterator[int]:
    heard, signed = mail.heard, sender.signed
    addresses, keys = policy.addresses, policy.keys
    for field, boxes in (("to", heard.to), ("cc", heard.cc)):
        for box in boxes if field in signed else ():
            token = read_token(keys, addresses.token(box.address), now)
            if token is not None and addresses.is_ours(box.address):
                yield token.ticket
    if "subject" in signed:
        yield from ticket_tags(heard.subject, policy.ticket_tag)
    for field, ids in (("in-reply-to", heard.in_reply_to), ("references", heard.references)):
        for one in ids if field in signed else ():
            number = read_message_id(keys, one)
            if number is not None:
                yield number
