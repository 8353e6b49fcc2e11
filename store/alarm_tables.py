"""The tables of the desk that are about alarms: how far each has come, and whose hooks were heard.

They lie beside those of `store.tables`, and are written with the decision that they belong to.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text

from store.columns import DESK, UtcTime

# How far the paging of an alarm has come: a row for each ALARM ticket.
paging = Table(
    "paging",
    DESK,
    Column("ticket", ForeignKey("ticket.number"), primary_key=True),
    Column("mode", String(8), nullable=False),
    Column("round", Integer, nullable=False),
    Column("since", Integer, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("raised_by", Text, nullable=False),
    Column("paged_at", UtcTime, nullable=True),
    Column("receipt_at", UtcTime, nullable=True),
    Column("unreachable_at", UtcTime, nullable=True),
    Column("answered_at", UtcTime, nullable=True),
    Column("answered_by", Text, nullable=False),
    Column("recovered_at", UtcTime, nullable=True),
    Column("over_at", UtcTime, nullable=True),
    Column("drill", String(80), nullable=False),
    Index("ix_paging_drill", "drill"),
    Index("ix_paging_over_at", "over_at"),
)

# Sites whose hook was heard of: since when, and when last. Names in lower case.
site_hook = Table(
    "site_hook",
    DESK,
    Column("site", String(200), primary_key=True),
    Column("since", UtcTime, nullable=False),
    Column("heard_at", UtcTime, nullable=False),
)
