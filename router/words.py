"""The closed lists: every word that a decision may use, as people read it.

They stand in the history, in `explain`, in listings and in logs, so they are sentences or the
words of the helpdesk. Nothing is spelt out anywhere else.
"""

from collections.abc import Mapping
from enum import StrEnum

US = "ticketgate"  # who has done what no person did, in the history
AT_TERMINAL = " (command line)"  # follows the name of whom has done it there


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
    PROVEN_SMIME = "proven by S/MIME"
    PROVEN_DKIM = "proven by DKIM"
    PROVEN_RESULTS = "proven by the mailbox's own server"
    SUBMITTED = "sent from a submission network"
    PROOFS_DISAGREE = "its proofs speak for different people: please look at it as an attack"
    NOT_ANSWERED = "not proven yet, because somebody who was asked did not answer"
    REPLAYED = "signed, but this signature came before with another mail"
    STALE = "signed, but too long ago or in the future"
    ARC_ONLY = "only a mailing list says who sent it"
    SPF_ONLY = "only its envelope is proven"
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
    TOO_MANY = "more mails in a short time than are followed of one person"
    SAME_WORDS = "the same words too often in a short time, probably a loop"
    BOUNCED = "a delivery report"
    BOUNCE_FORGED = "a delivery report that answers no mail of ours"
    MACHINE = "written by a machine"
    MACHINE_ANSWER = "an automatic answer"
    OVER_A_CAP = "too large or too deep to be read safely"
    ENCRYPTED = "encrypted, so it cannot be read here"
    TEXT_NOT_SIGNED = "signed, but in such a way that its text could be changed"
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
    ALARM_BY_RESULTS = "alarm wanted, but this mailbox's results may not prove one"
    NOT_AN_ALARMER = "alarm wanted by a person who is no alarmer of the VO"
    OTHER_ISSUER = "wanted by a certificate whose name is registered, but for another authority's"
    VO_UNCLEAR = "it does not say for which VO, and the sender has several"
    ALARM_WITHOUT_SITE = "alarm wanted, but no site is named that is known and certified"
    NO_ALARMS_OF_VO = "alarm wanted, but the site takes no alarms of the VO"
    NOT_ALARMER_OF_SITE = "alarm wanted by a person who may not alarm this site"
    WEAK_EVIDENCE = "alarm wanted, but this kind of proof is not enough for this person"
    WEAK_FOR_DOMAIN = "alarm wanted, but mail of this domain needs another kind of proof"
    NOT_ALL_SIGNED = "alarm wanted, but not all that counts is signed"
    NOT_BOUND = "alarm wanted, but nothing signed says that it is meant for this helpdesk"
    TEAM_NOT_PROVEN = "team ticket wanted, not proven"
    NOT_IN_THE_TEAM = "team ticket wanted by a person who is not in the VO's team"
    PROVEN_LATER = "proven when it was asked again"
    NEVER_ANSWERED = "could not be proven within an hour"
    CONFIRMED = "confirmed by hand"
    CONVERTED = "made an alarm by an alarmer"
    ALARM_ADDRESS_MISSING = "no alarm address is known for the site, so its contact was alarmed"
    NOBODY_TO_ALARM = "no address at all is known for the site, so nobody there was alarmed"
    SITE_IN_DOWNTIME = "the site has announced that it is down"
    BY_THE_SITE = "by the site, to which the alarm was sent"
    SITE_RECEIPT = "the site's monitoring has the alarm"
    SITE_UNREACHABLE = "the site has the alarm, but its monitoring cannot be reached"
    DRILL = "an exercise, raised at the terminal under an alarmer's right"
    SAID_BEFORE = "the site has said so before"
    ALARM_OVER = "the alarm is over"
    ROUND_OVER = "it answers an alarm mail from before the alarm was raised anew"
    NO_RECEIPT = "no receipt came from the site's hook in time"
    NO_ANSWER = "nobody answered the alarm in time"
    ALARM_BOUNCED = "the alarm mail could not be delivered"
    NOBODY_LEFT = "nobody answered the alarm, and there is nobody left to tell"
    BY_THE_TEAM = "by a member of the VO's team"
    BY_A_SUPPORTER = "by a supporter of the responsible unit or of first line"
    BY_THE_SUBMITTER = "by its submitter"
    BY_AN_OPERATOR = "by an operator, at the terminal"
    SOLUTION_ACCEPTED = "an unchanged answer to the solution verifies it"
    ESCALATED = "its submitter has escalated it"
    BY_RELATION = "because of a related ticket"
    LED_ON = "its ticket was merged into this one"
    MOVED_HERE = "moved here from another ticket"
    REMIND_ON = "a supporter wanted to be reminded on this day"
    NEAR_THE_LIMIT = "the limit of its unit is near"
    LIMIT_PASSED = "the limit of its unit has passed"
    NOBODY_TOOK_IT = "nobody has taken it"
    STILL_WAITING = "its submitter has not answered"
    A_PERSON_LOOKS = "a person has to look at it: the clock does nothing more"
    NOT_VERIFIED = "nobody has said that the solution is wrong"
    ASKED_FOR_HELP = "asks how to write to the helpdesk"
    ASKED_FOR_STATUS = "asks how its sender's tickets stand"
    RELEASED = "released by hand"
    DISCARDED = "discarded by hand"
    SITE_GONE = "the notified site is no longer certified"
    HELD_CAP = "enough notices of held requests in this hour"
    RECEIPT_CAP = "enough receipts for this address in this hour"
    NO_ANSWER_TO_MACHINES = "no automatic answer to a machine"
    NO_ANSWER_TO_UNPROVEN = "no answer to an unproven sender"
    OF_ANOTHER_VERSION = "a reason that this version does not know"
    SIGNED_FOR_ANOTHER = "what is signed of it names another ticket"
    LINE_NOT_UNDERSTOOD = "a line was not understood"
    LINE_NOT_FOLLOWED = "a line could not be followed"
    LINE_NOT_ALLOWED = "a line needs a right that its writer does not have"


# What stored entries say in words that have changed since.
FORMER_REASONS: Mapping[str, Reason] = {
    "a line needs a right that was not proven": Reason.LINE_NOT_ALLOWED,
}


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


# A ticket is open, closed by a person (and may be opened again), or final (EOSC-STATUS).
FINAL = frozenset({Status.VERIFIED, Status.CLOSED})
CLOSED = frozenset({Status.SOLVED, Status.UNSOLVED})
OPEN = frozenset(Status) - CLOSED - FINAL


class Priority(StrEnum):
    """A ticket's priority, least first (EGI 'ticket priority'; docs/sources.md)."""

    LESS_URGENT = "less urgent"
    URGENT = "urgent"
    VERY_URGENT = "very urgent"
    TOP = "top priority"


# What a ticket is about; only supporters change it. "Test" counts in no report (EGI-STAFF).
CATEGORIES = (
    "Incident",
    "Service request",
    "Documentation",
    "Release",
    "CMS Internal",
    "EGI Coordination/Planning",
    "WLCG Coordination/Planning",
    "Test",
)


class Measure(StrEnum):
    """What is measured for reports, each time that it ends."""

    RESPONSE = "response"
    SOLUTION = "solution"
    UNSOLVED = "unsolved"
    REOPENING = "reopening"


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
    ALARM = "pager"  # hears of the alarm, and of nothing else
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
    ALARM = "alarm"
    REFUSAL = "refusal"
    FOLLOWED = "followed"
    TOO_MANY = "too-many"
    HELD_DIGEST = "held-digest"
    RECEIPT_DIGEST = "receipt-digest"
    SOLUTION = "solution"
    ESCALATION = "escalation"
    REMINDER = "reminder"
    REMINDER_DIGEST = "reminder-digest"
    UNIT_DIGEST = "unit-digest"
    HELP = "help"
    STATUS = "status"
    OPERATOR_NOTICE = "operator-notice"


class EventKind(StrEnum):
    """What happened to a ticket, one word per history entry."""

    OPENED = "opened"
    COMMENT = "comment"
    UNVERIFIED = "unverified comment"
    AUTOMATIC = "automatic mail"
    RELEASED = "released"
    CONFIRMED = "confirmed"
    CONVERTED = "made an alarm"
    PROVEN = "proven later"
    NOT_PROVEN = "not proven"
    DISCARDED = "discarded"
    SITE_GONE = "site no longer notified"
    UNDELIVERED = "mail not delivered"
    RECEIVED = "alarm received"
    ACKNOWLEDGED = "alarm acknowledged"
    RECOVERED = "alarm recovered"
    PAGED_AGAIN = "alarm not answered"
    REMINDED = "reminded"
    CLOSED = "closed"
    RELATED = "related ticket"
    MOVED = "moved"
