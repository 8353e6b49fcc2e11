"""Whether a mail without a word of its own answers what we sent to its sender.

Rule: what is marked as a quote speaks for itself; what is not has to be, word for word, what was
sent, below a header that holds nothing but who wrote to whom.
"""

from dataclasses import dataclass

from parsers.heard import OVER_A_CAP, Note
from parsers.returned import holds_only
from router.decision import Mail, Policy
from router.tokens import read_message_row

# With one of these there may be words that were not read.
_UNSURE = OVER_A_CAP | {Note.BODY_BROKEN, Note.TEXT_CUT, Note.CHARSET_GUESSED}


@dataclass(frozen=True, slots=True)
class SentWords:
    """To whom a mail of ours went, and the digests of its words; none for one of long ago."""

    recipient: str
    digests: frozenset[str]


def answered_row(mail: Mail, policy: Policy) -> int:
    """Return the outbox row of our mail that a mail without a word of its own answers, else 0.

    Whether it has one may depend on what was sent: see `is_sent_back`.
    """
    heard = mail.heard
    says = heard.adds and not heard.returned
    if says or heard.files or set(heard.notes) & _UNSURE:
        return 0
    answers = mail.heard.in_reply_to or mail.heard.references[-1:]
    rows = (read_message_row(policy.keys, one) for one in answers)
    return next((row for row in rows if row), 0)


def is_sent_back(mail: Mail, sent: SentWords, policy: Policy) -> bool:
    """Whether a mail adds nothing to the one that it answers."""
    heard = mail.heard
    if not heard.adds:
        return True
    me = (heard.sender.name, heard.sender.address) if heard.sender else ()
    return bool(heard.returned) and all(
        one.digests & sent.digests
        and holds_only(one.sender, policy.name, policy.addresses.support)
        and holds_only(one.to, *me, sent.recipient)
        for one in heard.returned
    )
