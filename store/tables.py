"""The tables of the DESK, all but what the doors write, and the states of their rows.

On SQLite they are a file of their own (tickets.db) beside the journal's (`store.journal_tables`),
so that accepting a mail never waits for working on one; on PostgreSQL both lie in one database.

States, and the only functions that move them:

inbox.state    kept     accepted, not decided yet (store.inbox.pull, on PostgreSQL store.journal)
               done     decided, see outcome (store.commit.write)
               broken   parked after three lone failures, replay takes it back (store.inbox.park)
outbox.state   waiting  due at due_at (store.commit.write, store.outbox.postpone)
               claimed  a courier has it until claimed_until (store.outbox.claim)
               sent     the relay took it (store.outbox.sent)
               failed   given up: refused, bounced, 5 days old, or its template is broken
                        (store.outbox.failed); stays visible
health.state   ok       said so less than a minute ago; older means that nobody knows
               failing  `detail` says what is wrong, `since` from when on (both: store.health.say)

directory.said ok       its last answer is the copy that is kept
               empty, null, short, broken, unreachable
                        the copy of `good_at` stays (router.directories.Said; all six:
                        store.directories.finish)

Times are text in UTC, `YYYY-MM-DDTHH:MM:SS.ffffffZ`: sortable, the same on every database.
"""

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)
from sqlalchemy.types import JSON

from store.columns import DESK, Id, UtcTime

inbox = Table(
    "inbox",
    DESK,
    Column("mail", Id, primary_key=True, autoincrement=False),  # delivery.id
    Column("lane", Integer, nullable=False),
    Column("size", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("message_id", Text, nullable=False),
    Column("content", String(64), nullable=False),
    Column("sender", Text, nullable=False, server_default=""),  # as shown, once it was heard
    Column("received_at", UtcTime, nullable=False),
    Column("state", String(8), nullable=False),
    Column("outcome", String(16), nullable=True),
    Column("intent", Integer, nullable=True),
    Column("proven", Boolean, nullable=False, server_default=false()),
    Column("reasons", JSON, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("alone", Integer, nullable=False, server_default="0"),
    Column("claimed_by", String(80), nullable=True),
    Column("not_before", UtcTime, nullable=True),
    Column("done_at", UtcTime, nullable=True),
    Index("ix_inbox_due", "state", "lane", "mail"),
    Index("ix_inbox_identity", "message_id", "content"),
    Index("ix_inbox_sha256", "sha256"),
)

# What was proven of a mail's sender when it was decided, the newest attempt.
evidence = Table(
    "evidence",
    DESK,
    Column("mail", Id, primary_key=True, autoincrement=False),
    Column("proofs", JSON, nullable=False),
    Column("standing", String(40), nullable=False),
    Column("at", UtcTime, nullable=False),
)

# Signatures that counted, by a digest of their name, and the mail with which each came first.
seen_signature = Table(
    "seen_signature",
    DESK,
    Column("signature", String(64), primary_key=True),
    Column("mail", Id, nullable=False),
    Column("at", UtcTime, nullable=False, index=True),
)

# Numbers for tickets, participants and outgoing mails: known before the rows are written, because
# tokens and Message-IDs are made of them. Gaps are legal.
sequence = Table(
    "sequence",
    DESK,
    Column("name", String(40), primary_key=True),
    Column("next", Id, nullable=False),
)

ticket = Table(
    "ticket",
    DESK,
    Column("number", Id, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(8), nullable=False),
    Column("wanted", String(8), nullable=False),
    Column("status", String(20), nullable=False),
    Column("held", String(80), nullable=True),
    Column("priority", String(20), nullable=False),
    Column("subject", Text, nullable=False),
    Column("submitter", Text, nullable=False),
    Column("support_unit", Text, nullable=False),
    Column("wanted_unit", Text, nullable=False),
    Column("vo", Text, nullable=False),
    Column("notified_site", Text, nullable=False),
    Column("affected_site", Text, nullable=False),
    Column("type_of_issue", Text, nullable=False),
    Column("mou_area", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("assigned_to", Text, nullable=False, server_default=""),
    Column("solution", Text, nullable=False, server_default=""),
    Column("escalation", Integer, nullable=False, server_default="0"),
    Column("vo_specific", Boolean, nullable=False, server_default=false()),
    Column("last_event", Integer, nullable=False),
    Column("opened_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Index("ix_ticket_site", "notified_site", "updated_at"),
    Index("ix_ticket_held", "held", "opened_at"),
    Index("ix_ticket_submitter", "submitter", "opened_at"),
    Index("ix_ticket_unit", "support_unit", "status"),
    Index("ix_ticket_opened", "opened_at"),
)

# Append-only: a ticket's history. Numbers have no gap inside a ticket.
event = Table(
    "event",
    DESK,
    Column("ticket", ForeignKey("ticket.number"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("by", Text, nullable=False),
    Column("mail", Id, nullable=True),
    Column("text", Text, nullable=False),
    Column("internal", Boolean, nullable=False, server_default=false()),
    Column("verified", Boolean, nullable=False, server_default=true()),
    Column("changes", JSON, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("attachments", JSON, nullable=False),
    Column("notes", JSON, nullable=False, server_default="[]"),
    Column("refusals", JSON, nullable=False, server_default="[]"),
    Index("ix_event_mail", "mail"),
    Index("ix_event_author", "ticket", "by", "at"),
)

participant = Table(
    "participant",
    DESK,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("ticket", ForeignKey("ticket.number"), nullable=False),
    Column("role", String(12), nullable=False),
    Column("address", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("mode", String(16), nullable=False),
    Column("verified", Boolean, nullable=False),
    UniqueConstraint("ticket", "address", "role", name="uq_participant_ticket"),
)

# Message-IDs that belong to a ticket: of its mails, and (late_parent) of mails that they answer.
thread_id = Table(
    "thread_id",
    DESK,
    Column("message_id", Text, primary_key=True),
    Column("ticket", ForeignKey("ticket.number"), primary_key=True),
    Column("late_parent", Boolean, nullable=False, server_default=false()),
    Index("ix_thread_id_ticket", "ticket"),
)

mail_ticket = Table(
    "mail_ticket",
    DESK,
    Column("mail", ForeignKey("inbox.mail"), primary_key=True),
    Column("ticket", ForeignKey("ticket.number"), primary_key=True),
    Index("ix_mail_ticket_ticket", "ticket"),
)

foreign_ids = Table(
    "foreign_ids",
    DESK,
    Column("ticket", ForeignKey("ticket.number"), primary_key=True),
    Column("helpdesk", String(80), primary_key=True),
    Column("id", String(200), primary_key=True),
    Index("ix_foreign_ids_id", "helpdesk", "id"),
)

outbox = Table(
    "outbox",
    DESK,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("ticket", Id, nullable=False),  # 0 for a mail about no ticket
    Column("event", Integer, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("audience", String(12), nullable=False),
    Column("recipient", Text, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("message_id", Text, nullable=False, unique=True),
    Column("date", UtcTime, nullable=False),
    Column("reply_token", String(40), nullable=False),  # "" for none
    Column("bounce_token", String(40), nullable=False),  # "" for the null sender
    Column("in_reply_to", JSON, nullable=False),
    Column("attachments_of", Id, nullable=False),  # delivery.id, 0 for none
    Column("values", JSON, nullable=False),
    Column("state", String(8), nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("due_at", UtcTime, nullable=False),
    Column("give_up_at", UtcTime, nullable=False),
    Column("claimed_by", String(80), nullable=True),
    Column("claimed_until", UtcTime, nullable=True),
    Column("last_error", Text, nullable=False, server_default=""),
    Column("sent_at", UtcTime, nullable=True),
    Column("words", Text, nullable=False, server_default=""),  # digests of a solution's, once sent
    Index("ix_outbox_due", "state", "lane", "due_at"),
    Index("ix_outbox_recipient", "recipient", "kind", "date"),
    Index("ix_outbox_ticket", "ticket"),
)

# Steps of the clock: open until done_at is set, in the transaction that did the step.
reminder = Table(
    "reminder",
    DESK,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("ticket", Id, nullable=False),
    Column("step", String(40), nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("due_at", UtcTime, nullable=False),
    Column("done_at", UtcTime, nullable=True),
    Index("ix_reminder_due", "done_at", "due_at"),
    sqlite_autoincrement=True,
)

counter = Table(
    "counter",
    DESK,
    Column("name", String(80), primary_key=True),
    Column("value", Id, nullable=False),
)

lease = Table(
    "lease",
    DESK,
    Column("name", String(40), primary_key=True),
    Column("holder", String(80), nullable=False),
    Column("epoch", Id, nullable=False),
    Column("until", UtcTime, nullable=False),
)

# What the last attempt to read each [directory.NAME] said, and who reads it now.
directory = Table(
    "directory",
    DESK,
    Column("name", String(40), primary_key=True),
    Column("said", String(12), nullable=True),  # null: never read
    Column("detail", Text, nullable=False, server_default=""),
    Column("changes", String(60), nullable=False, server_default=""),
    Column("notes", JSON, nullable=False),
    Column("since", UtcTime, nullable=True),  # when it began to say so
    Column("tried_at", UtcTime, nullable=True),
    Column("good_at", UtcTime, nullable=True),  # the age of the kept copy
    Column("told", JSON, nullable=False),  # the troubles that the operator has been told of
    Column("version", Integer, nullable=False, server_default="0"),  # of the kept copy
    Column("due_at", UtcTime, nullable=False),
    Column("claimed_by", String(80), nullable=True),
    Column("claimed_until", UtcTime, nullable=True),
)

# The last good copy of each directory: sites, ROCs, people, downtimes.
directory_entry = Table(
    "directory_entry",
    DESK,
    Column("directory", ForeignKey("directory.name"), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("key", String(200), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("since", UtcTime, nullable=False),  # known without a break
    Column("changed_at", UtcTime, nullable=False),
)

# What each slot of work, courier and web says of itself; see store.health.
role_health = Table(
    "role_health",
    DESK,
    Column("name", String(200), primary_key=True),
    Column("state", String(8), nullable=False),
    Column("detail", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("at", UtcTime, nullable=False),
)
