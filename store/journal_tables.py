"""The tables of the JOURNAL: what the doors write, append-only but for refusals and mailboxes.

On SQLite a file of its own, journal.db, written by the doors only. States of `mailbox_mail` rows
stand in `store.mailboxes`, those of health rows in `store.tables`. Times are text in UTC.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, String, Table, Text
from sqlalchemy.types import JSON

from store.columns import JOURNAL, Id, UtcTime

raw_mail = Table(
    "raw_mail",
    JOURNAL,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("size", Integer, nullable=False),
    Column("bytes", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)

# One row for each 250: what was kept, how it came, and what the header block says of itself.
delivery = Table(
    "delivery",
    JOURNAL,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("raw", ForeignKey("raw_mail.id"), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("message_id", Text, nullable=False),
    Column("content", String(64), nullable=False),
    Column("size", Integer, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("envelope", JSON, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Index("ix_delivery_message_id", "message_id"),
    sqlite_autoincrement=True,
)

# Mails and recipients refused at a door, 30 days.
refusal = Table(
    "refusal",
    JOURNAL,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("at", UtcTime, nullable=False, index=True),
    Column("door", String(8), nullable=False),
    Column("peer", Text, nullable=False),
    Column("mail_from", Text, nullable=False),
    Column("recipients", JSON, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("reply", Text, nullable=False),
    Column("reason", Text, nullable=False),
    sqlite_autoincrement=True,
)

journal_counter = Table(
    "journal_counter",
    JOURNAL,
    Column("name", String(80), primary_key=True),
    Column("value", Id, nullable=False),
)

# How far an IMAP mailbox has been read: every mail of `uidvalidity` up to `uid` has been dealt
# with.
mailbox = Table(
    "mailbox",
    JOURNAL,
    Column("name", String(200), primary_key=True),  # USER@HOST/FOLDER
    Column("uidvalidity", Id, nullable=False),
    Column("uid", Id, nullable=False),
    Column("read_at", UtcTime, nullable=False),
)

# One row for each mail that was taken from a mailbox, written in the transaction that kept it, or
# for one that could not be taken (`delivery` is null): then `detail` says why.
mailbox_mail = Table(
    "mailbox_mail",
    JOURNAL,
    Column("mailbox", String(200), primary_key=True),
    Column("uidvalidity", Id, primary_key=True),
    Column("uid", Id, primary_key=True),
    Column("sha256", String(64), nullable=False),  # "" when its bytes never came
    Column("delivery", Id, nullable=True),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("detail", Text, nullable=False, server_default=""),
    Column("at", UtcTime, nullable=False),
    Index("ix_mailbox_mail_sha256", "mailbox", "sha256"),
)

# What each door says of itself, again and again; see store.health.
door_health = Table(
    "door_health",
    JOURNAL,
    Column("name", String(200), primary_key=True),
    Column("state", String(8), nullable=False),
    Column("detail", Text, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("at", UtcTime, nullable=False),
)
