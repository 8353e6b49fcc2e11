"""What `decide` takes and gives: requests, facts, policy in; decisions out. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from parsers.block import Field
from parsers.envelope import Envelope
from parsers.evidence import SenderEvidence
from parsers.heard import InboundMail
from parsers.registry import Registry
from parsers.roster import Roster
from router.addresses import LANE_REST, Intent, OurAddresses
from router.calendars import Calendars
from router.found import Counts, Earlier, SentRow
from router.limits import LimitTable
from router.queued import UnitDesk
from router.ticket import Entry, Moved, Participant, Period, Relation, Ticket, TicketEvent
from router.timers import STEPS, Steps
from router.tokens import Keyring, TokenClass
from router.words import Audience, MailKind, Outcome, Reason, Role


@dataclass(frozen=True, slots=True)
class Policy:
    """The helpdesk's own rules, from the configuration; every limit has its number here.

    `ticket_tag` is the word in subjects ("GGUS-Ticket-ID"). `first_line` is a support unit's name.
    `unproven` is "first-line" or "route". `alarm_evidence` are the methods that may prove an alarm,
    `alarm_evidence_of` the same for mail of a domain (lower case) and those below it;
    `alarm_results` the mail servers whose results may. A signature older than `max_age_s` proves
    nothing. `operator` are the addresses for trouble with ourselves. An alarm's receipt is waited
    for `alarm_receipt_s`, an answer `alarm_answer_s`; `alarm_steps` follow (`router.paging`).
    `calendars` say when each unit works, `limits` how soon it has to, `steps` what its clock does.
    `digest` says whether units get a daily one, `no_digest` which do not (lower case).
    """

    name: str
    addresses: OurAddresses
    keys: Keyring
    first_line: str
    operator: tuple[str, ...] = ()
    ticket_tag: str = "Ticket-ID"
    unproven: str = "first-line"
    alarm_evidence: tuple[str, ...] = ("dkim", "smime")
    alarm_evidence_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    alarm_results: frozenset[str] = frozenset()
    max_age_s: int = 86_400
    notice_chars: int = 4_000
    subject_chars: int = 255
    max_cc: int = 10
    max_hops: int = 30
    alarm_receipt_s: int = 600
    alarm_answer_s: int = 1_800
    alarm_steps: tuple[str, ...] = ("again", "contact", "roc", "first-line")
    receipts_per_hour: int = 20
    held_notices_per_hour: int = 20
    loop_mails: int = 5
    loop_mails_proven: int = 30
    loop_window_s: int = 600
    calendars: Calendars = field(default_factory=Calendars)
    limits: LimitTable = field(default_factory=LimitTable)
    steps: Steps = field(default_factory=lambda: STEPS)
    digest: bool = True
    no_digest: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Mail:
    """A request by mail. `mail_id` names it in the journal.

    `intent` is the strongest of what our addresses in the envelope ask for (`thread.intent_of`);
    a reply address counts as an answer only with a valid token. `evidence` is what was proven of
    its sender; what could not be had yet stands in it as not answered.
    """

    mail_id: int
    envelope: Envelope
    heard: InboundMail
    intent: Intent
    evidence: SenderEvidence = field(default_factory=SenderEvidence)


@dataclass(frozen=True, slots=True)
class Command:
    """A request from the command line or a form by somebody entitled to make it.

    `name` is a row of `commands.COMMANDS`; `ticket` its number, 0 for none; `by` who asks, as shown
    in the history. `site`, `vo` and `drill` (its name) are for an exercise. `lines` steer the
    ticket as those of a supporter's reply do, with `text` below them. `entry` of its history goes
    to the ticket `other`, 0 for a new one.
    """

    name: str
    ticket: int
    by: str
    text: str = ""
    site: str = ""
    vo: str = ""
    drill: str = ""
    lines: tuple[Field, ...] = ()
    entry: int = 0
    other: int = 0


@dataclass(frozen=True, slots=True)
class Due:
    """A request by the clock or a part of ourselves: `name` is a row of `commands.DUE`.

    `ticket` or `row` (of the outbox) is what it is about, 0 for none; `detail` is for people.
    `mail` is one that was heard and proven again for it, `desk` what stands in a unit's queue.
    """

    name: str
    ticket: int = 0
    row: int = 0
    detail: str = ""
    mail: Mail | None = None
    desk: UnitDesk | None = None


Request = Mail | Command | Due


@dataclass(frozen=True, slots=True)
class Clue:
    """A hint at the ticket that a mail belongs to, and how far it is believed.

    `reason` says by what. Exactly one of `ticket` (from a token, a keyed Message-ID or a tag) and
    `message_id` (to be looked up) is set. `token_row` is the participant row that a token names.
    `led_from` is the ticket that it named, when that was merged into another; 0 when it was not.
    `holder` is the address that the token was given to there, "" when nobody there has it by now.
    """

    reason: Reason
    ticket: int = 0
    message_id: str = ""
    token_class: TokenClass | None = None
    token_row: int = 0
    led_from: int = 0
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the store and the directories know about one request; all of it may be empty.

    `replayed` says that a signature of this mail came before, with another mail.
    `found` holds a ticket for each clue that led to one, strongest clue first.
    `hook_known` says that the hook of the ticket's site has been heard of before; `hooks` are all
    such sites, in lower case, and when they were heard last, for the step that asks.
    `listed` are the tickets for a digest, the first of `listed_total`; `assigned`, the first of
    `assigned_total`, those that whoever asks for `status` has to work on; `opening` (by mail
    `opening_mail`) is how a ticket began and `later` what people added: only for requests that
    let a held ticket go, give one on, bring somebody to it, or may page again. `stories` are the
    same in one for others, by ticket: those that a duplicate or merged ticket goes on as, and one
    whose step is due. `solution_of` is the ticket to whose
    solution, the newest one, the mail is an answer that adds nothing; 0 for none. `asked` are, by
    ticket, the last public words before its submitter was waited for. `related` are the
    tickets that those in `found` hang together with, but for cross references, the other children
    of a parent among them, and those that the request names. `entry` is the one to be moved.
    """

    registry: Registry
    roster: Roster
    replayed: bool = False
    found: tuple[tuple[Clue, Ticket], ...] = ()
    earlier: Earlier | None = None
    sent: SentRow | None = None
    counts: Counts = field(default_factory=Counts)
    listed: tuple[Ticket, ...] = ()
    listed_total: int = 0
    assigned: tuple[Ticket, ...] = ()
    assigned_total: int = 0
    opening: TicketEvent | None = None
    opening_mail: int = 0
    later: tuple[TicketEvent, ...] = ()
    stories: Mapping[int, tuple[TicketEvent, ...]] = field(default_factory=dict)
    solution_of: int = 0
    hook_known: bool = False
    hooks: Mapping[str, datetime] = field(default_factory=dict)
    asked: Mapping[int, TicketEvent] = field(default_factory=dict)
    related: Mapping[int, Ticket] = field(default_factory=dict)
    entry: Entry | None = None

    def ticket(self, number: int) -> Ticket | None:
        """Return a ticket as it was found, listed, or is related; None for an unknown one."""
        known = (*(one for _, one in self.found), *self.listed)
        found = (one for one in known if one.number == number)
        return next(found, self.related.get(number))


@dataclass(frozen=True, slots=True)
class Route:
    """Where a ticket goes: the responsible unit, the notified site if any, and why.

    `contacts` are the site's addresses to mail (empty without a site, or without known ones).
    `notes` are sentences for the reader of the ticket.
    """

    unit: str
    unit_addresses: tuple[str, ...]
    site: str = ""
    contacts: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One mail to one address. Number, Message-ID, Date and token are added by the store.

    `values` is all that the template gets besides those, JSON types only. `role` names the
    participant that the reply token stands for; `token` None sends no reply token.
    `in_reply_to` are Message-IDs of the reader's own mails. `attachments_of` is the mail whose
    attachments go along, 0 for none. `null_sender` only for notices about a bounce. `lists` are the
    tickets of a list, values["tickets"] in its order, and as what the reader gets a reply address
    for each.
    """

    kind: MailKind
    audience: Audience
    recipient: str
    values: Mapping[str, object]
    role: Role | None = None
    token: TokenClass | None = TokenClass.PERSON
    in_reply_to: tuple[str, ...] = ()
    attachments_of: int = 0
    null_sender: bool = False
    lists: tuple[tuple[int, Role], ...] = ()
    lane: int = LANE_REST


@dataclass(frozen=True, slots=True)
class Reminder:
    """A step of the clock to be kept: `step` falls due at `due_at` (aware UTC).

    A step that is kept already is not kept twice; `per_ticket` false makes it the helpdesk's one.
    """

    step: str
    due_at: datetime
    per_ticket: bool = True
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """One consequence of a request, to be written in one transaction with all its others.

    `ticket` is the state to write: number 0 opens one, else `version` is the one that was read.
    None changes no ticket. `about` are tickets that the request touches without changing them.
    `joins` are participants to add or to confirm, `leaves` those to take out. `failed_row` is an
    outbox row that a bounce declares undeliverable. `thread_ids` are Message-IDs by which later
    mails find the ticket, `late_parents` those of mails that this one answers. `hook_of` is the
    site whose hook was heard. `periods` are what was measured, and has ended with this.
    `ties` and `unties` are relations that begin and end; one side of each says so. `words` are what
    a supporter has said to everybody: a ticket that waits for this one is told. `moved` is what
    came from another ticket. `beside` is a consequence for a ticket that the mail was not written
    to: it is not among the mails of that ticket.
    """

    outcome: Outcome
    reasons: tuple[Reason, ...]
    ticket: Ticket | None = None
    joins: tuple[Participant, ...] = ()
    leaves: tuple[Participant, ...] = ()
    events: tuple[TicketEvent, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    reminders: tuple[Reminder, ...] = ()
    route: Route | None = None
    failed_row: int = 0
    failed_why: str = ""
    thread_ids: tuple[str, ...] = ()
    late_parents: tuple[str, ...] = ()
    about: tuple[int, ...] = ()
    hook_of: str = ""
    periods: tuple[Period, ...] = ()
    ties: tuple[Relation, ...] = ()
    unties: tuple[Relation, ...] = ()
    words: str = ""
    moved: Moved | None = None
    beside: bool = False

    @property
    def notes(self) -> tuple[str, ...]:
        """Return all that is noted beside its entries, for whoever may read all of it."""
        return tuple(note for one in self.events for note in (*one.refusals, *one.notes))
