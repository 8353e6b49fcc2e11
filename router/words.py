"""The closed lists: every word that a decision may use, as people read it.

They stand in the history, in `explain`, in listings and in logs, so they are sentences or the
words of the helpdesk. Nothing is spelt out anywhere else.
"""

from enum import StrEnum


class Outcome(StrEnum):
    """How a mail ended. Each mail has exactly one; metrics and listings count these."""

    NEW = "new"
    COMMENT = "comment"
    UNVERIFIED = "unverified"
    COMMAND = "command"
    ANSWER = "answer"
    HELD = "held"
    DUPLICATE = "duplicate"
    BOUNCE = "bounce"
    AUTOMATIC = "automatic"
    IGNORED = "ignored"
    REFUSED = "refused"
    BROKEN = "broken"


class Reason(StrEnum):
    """Why a decision is as it is."""

    # who sent it
    SUBMITTED = "sent from a submission network"
    UNPROVEN = "unproven sender"
    NO_SENDER = "no readable sender"
    BY_TOKEN = "its reply address was given to a participant"  # noqa: S105 - a reason, not a secret
    STRUCTURE = "broken structure, so nothing proves its sender"
    # what it is
    SAME_MAIL = "the same mail came before"
    SAME_MAIL_RAISED = "the same mail came again, and asks or proves more"
    OWN_MAIL = "our own mail came back"
    TOO_MANY_HOPS = "too many hops, probably a loop"
    LOOP = "too many mails in a short time, probably a loop"
    BOUNCED = "a delivery report"
    BOUNCE_FORGED = "a delivery report that answers no mail of ours"
    MACHINE = "written by a machine"
    MACHINE_ANSWER = "an automatic answer"
    OVER_A_CAP = "too large or too deep to be read safely"
    ENCRYPTED = "encrypted, so it cannot be read here"
    # what it belongs to
    THREAD_TOKEN = "joined by the reply address"  # noqa: S105 - a reason, not a secret
    THREAD_OWN_ID = "joined by a reference to our mail"
    THREAD_FOREIGN_ID = "joined by a reference to a mail of the ticket"
    THREAD_TAG = "joined by the ticket number in the subject"
    THREAD_LATE_PARENT = "the mail that this ticket's first mail answers"
    TOKEN_NOT_VALID = "its reply address is not valid, or no longer"  # noqa: S105 - a reason
    TAG_OF_A_STRANGER = "a ticket number in the subject does not let a stranger in"
    TICKET_FINAL = "the ticket is closed for good"
    # where it goes
    SITE_NAMED = "the notified site is named"
    SITE_IN_SUBJECT = "one site name stands in the subject"
    SITES_NAMED = "an alias of several sites, by a holder of the multisite right"
    UNIT_NAMED = "the support unit is named"
    NO_SITE = "no site is named"
    SITE_UNKNOWN = "the named site is unknown"
    SITE_AMBIGUOUS = "the named site may be one of several"
    SITE_NOT_CERTIFIED = "the named site is not certified"
    UNIT_UNKNOWN = "the named support unit is unknown"
    SITE_AND_UNIT = "both a site and a support unit are named"
    CONTRADICTION = "a field is given twice with different values"
    SITE_WITHOUT_ROC = "the site's ROC is not known here"
    SITE_WITHOUT_CONTACT = "no contact address is known for the site"
    # what was held or left out
    ALARM_NOT_PROVEN = "alarm wanted, not proven"
    TEAM_NOT_PROVEN = "team ticket wanted, not proven"
    RELEASED = "released by hand"
    DISCARDED = "discarded by hand"
    SITE_GONE = "the notified site is no longer certified"
    HELD_CAP = "enough notices of held requests in this hour"
    RECEIPT_CAP = "enough receipts for this address in this hour"
    NO_ANSWER_TO_MACHINES = "no automatic answer to a machine"
    NO_ANSWER_TO_UNPROVEN = "no answer to an unproven sender"
    OF_ANOTHER_VERSION = "a reason that this version does not know"
    LINE_NOT_UNDERSTOOD = "a line was not understood"
    LINE_NOT_ALLOWED = "a line needs a right that was not proven"


# What a sender is told of why; the other reasons are for the history and the log.
TOLD = frozenset(
    {
        Reason.UNPROVEN,
        Reason.STRUCTURE,
        Reason.OVER_A_CAP,
        Reason.ENCRYPTED,
        Reason.TOO_MANY_HOPS,
        Reason.ALARM_NOT_PROVEN,
        Reason.TEAM_NOT_PROVEN,
        Reason.NO_SITE,
        Reason.SITE_UNKNOWN,
        Reason.SITE_AMBIGUOUS,
        Reason.SITE_NOT_CERTIFIED,
        Reason.UNIT_UNKNOWN,
        Reason.SITE_AND_UNIT,
        Reason.CONTRADICTION,
        Reason.LINE_NOT_UNDERSTOOD,
        Reason.LINE_NOT_ALLOWED,
    }
)


class Status(StrEnum):
    """A ticket's status (EGI support staff guide, 'ticket status'; docs/sources.md)."""

    NEW = "new"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in progress"
    WAITING = "waiting for reply"
    ON_HOLD = "on hold"
    REOPENED = "reopened"
    SOLVED = "solved"
    UNSOLVED = "unsolved"
    VERIFIED = "verified"
    CLOSED = "closed"


FINAL = frozenset({Status.VERIFIED, Status.CLOSED})


class Priority(StrEnum):
    """A ticket's priority, least first (EGI 'ticket priority'; docs/sources.md)."""

    LESS_URGENT = "less urgent"
    URGENT = "urgent"
    VERY_URGENT = "very urgent"
    TOP = "top priority"


class Notify(StrEnum):
    """When a participant wants a mail about changes; comments are always sent."""

    ON_SOLUTION = "on solution"
    ON_EVERY_CHANGE = "on every change"


class Role(StrEnum):
    """What a person or list is to a ticket; decides what they are sent."""

    SUBMITTER = "submitter"
    CC = "cc"
    INVOLVED = "involved"
    SUBSCRIBER = "subscriber"
    SUPPORTER = "supporter"  # the responsible unit's list, or an assigned person
    SITE = "site"
    STRANGER = "unverified"


class Audience(StrEnum):
    """For whom a text is written: one body per event and audience."""

    SUBMITTER = "submitter"
    PUBLIC = "public"
    UNIT = "unit"
    SITE = "site"
    OPERATOR = "operator"


class MailKind(StrEnum):
    """What an outgoing mail is; the name of its template folder."""

    RECEIPT = "receipt"
    NOTIFICATION = "notification"
    SITE_NOTIFICATION = "site-notification"
    UPDATE = "update"
    HELD = "held"
    REFUSAL = "refusal"
    HELD_DIGEST = "held-digest"
    RECEIPT_DIGEST = "receipt-digest"
    OPERATOR_NOTICE = "operator-notice"


class EventKind(StrEnum):
    """What happened to a ticket, one word per history entry."""

    OPENED = "opened"
    COMMENT = "comment"
    UNVERIFIED = "unverified comment"
    AUTOMATIC = "automatic mail"
    RELEASED = "released"
    DISCARDED = "discarded"
    SITE_GONE = "site no longer notified"
    UNDELIVERED = "mail not delivered"
