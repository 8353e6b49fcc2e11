"""What was heard in a mail: the values that `parsers.mail.hear` returns.

Rule: every text here is clean (`parsers.text.clean`): no lone surrogate, no control characters, and
one-line fields hold one line. The raw mail stays where it is; nothing here needs to be complete.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from parsers.block import FieldBlock
from parsers.returned import Returned


class Automatic(StrEnum):
    """Why a mail is taken to be written by a machine; NO is a person."""

    NO = ""
    REPLIED = "auto-replied"
    GENERATED = "auto-generated"
    BULK = "bulk"


class Note(StrEnum):
    """What a reader of the ticket must know about how the mail was heard."""

    TEXT_CUT = "the text was longer than the ticket takes; the whole is in the original mail"
    CHARSET_GUESSED = "the character set was wrong or unknown and had to be guessed"
    HEADER_UNREADABLE = "a header could not be read and is shown as it came"
    TOO_MANY_PARTS = "the mail has more parts than are read; the whole is in the original mail"
    TOO_DEEP = "the mail is nested deeper than is read; the whole is in the original mail"
    TOO_MANY_WORDS = "a header has more encoded words than are read"
    HEADER_TOO_LONG = "the header is longer than is read"
    ENCRYPTED = "the mail is encrypted and cannot be read here"
    BODY_BROKEN = "a part could not be decoded and is kept as it came"
    BARE_LINE_END = "the mail has bare CR or LF line ends, so no signature in it counts"
    TEXT_FROM_HTML = "the text was made from HTML"
    UNREADABLE = "the mail could not be read at all; the original is kept"


# The types of what signs a part of multipart/signed.
SIGNATURES = frozenset(
    f"application/{name}" for name in ("pkcs7-signature", "x-pkcs7-signature", "pgp-signature")
)
# Parse caps (ARCHITECTURE, Limits): with one of these the mail is held for a person.
OVER_A_CAP = frozenset(
    {
        Note.TOO_MANY_PARTS,
        Note.TOO_DEEP,
        Note.TOO_MANY_WORDS,
        Note.HEADER_TOO_LONG,
        Note.ENCRYPTED,
        Note.UNREADABLE,
    }
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name and an address as shown. `address` may be "" when only a name could be read."""

    name: str
    address: str

    def __str__(self) -> str:
        """Return the form for people: `Name <address>`, or what there is of it."""
        if self.name and self.address:
            return f"{self.name} <{self.address}>"
        return self.address or self.name


@dataclass(frozen=True, slots=True)
class Attachment:
    """One part that is kept as a file. `index` counts from 0 in the order of the mail.

    `filename` is clean, never empty, and holds no path. `size` is in bytes after decoding.
    `inline` parts are shown within the text (an image with a Content-ID in related HTML). A
    `signature` came along with a signed mail; nobody has attached it.
    """

    index: int
    filename: str
    content_type: str
    size: int
    inline: bool = False
    content_id: str = ""
    signature: bool = False


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a delivery report says (RFC 3464, and the older shapes). Any field may be empty."""

    recipients: tuple[str, ...] = ()
    permanent: bool = False
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class InboundMail:
    """One mail, heard.

    `sender` is the strict identity: exactly one From line with exactly one plain mailbox, else
    None. `shown_sender` is for display only: From as well as it could be read, else Reply-To,
    Sender, Return-Path; never a basis for a right. Message-IDs keep their angle brackets; "" or ()
    when there are none. `references` runs from the oldest to the newest. `date` is aware UTC.

    `text` is the whole text for people, at most 256 kB. `visible` is what this mail adds: no quote,
    no signature, and never empty when `text` is not; `adds` is false when it would have been.
    `returned` holds, for each way to read a mail that quotes without marks and may say nothing
    else, what of it can be compared with what was sent.
    `with_signature` is `visible` and its signature. `block` is the field block at the top of
    `visible`.
    `hops` counts Received lines. `loop_marks` are the values of our own loop header.
    """

    message_id: str = ""
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    sender: Mailbox | None = None
    shown_sender: Mailbox | None = None
    reply_to: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    subject: str = ""
    date: datetime | None = None
    text: str = ""
    visible: str = ""
    with_signature: str = ""
    adds: bool = True
    returned: tuple[Returned, ...] = ()
    block: FieldBlock = field(default_factory=FieldBlock)
    attachments: tuple[Attachment, ...] = ()
    automatic: Automatic = Automatic.NO
    bounce: Bounce | None = None
    hops: int = 0
    loop_marks: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def files(self) -> tuple[Attachment, ...]:
        """Return what somebody has attached: every attachment but signatures."""
        return tuple(one for one in self.attachments if not one.signature)
