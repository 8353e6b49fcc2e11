"""What was found out about one request: the same mail before, our own mail, and how much of both.

Values only, read by the store, for `router.decision.Facts`. Nothing here decides.
"""

from dataclasses import dataclass
from datetime import datetime

from router.addresses import Intent
from router.words import MailKind


@dataclass(frozen=True, slots=True)
class Earlier:
    """The same mail, accepted before, that made or changed a ticket: what it asked for.

    `proven` tells that its sender was known then or since, or that a person let the request go.
    """

    mail_id: int
    intent: Intent
    tickets: tuple[int, ...]
    proven: bool = True


@dataclass(frozen=True, slots=True)
class SentRow:
    """The outgoing mail that a bounce or a hook's receipt is about; `site` is an alarm mail's.

    `failed_before` is when the last alarm mail of its ticket to its recipient was written that
    failed before this one; None when there is none.
    """

    row: int
    ticket: int
    recipient: str
    kind: MailKind
    failed: bool = False
    site: str = ""
    failed_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted for this mail's sender, without this mail.

    Receipts to the sender and held requests of this mail's kind in the last hour, the sender's
    mails to the ticket in the loop window, and whether a loop was announced there in that time.
    Of a proven person, how many of those said what this one says, and whether the person was told
    that they are too many.
    """

    receipts: int = 0
    held: int = 0
    mails_to_ticket: int = 0
    loop_announced: bool = False
    same_words: int = 0
    sender_told: bool = False
