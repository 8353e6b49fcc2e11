"""The tables of the desk that are about time: each ticket's clock, what was measured, the clock.

They lie beside those of `store.tables`, and are written with the decision that they belong to.
"""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from store.columns import DESK, Id, UtcTime

# How far the clock of a ticket has come, for each that is not held. due_at null: nothing to come.
timing = Table(
    "timing",
    DESK,
    Column("ticket", ForeignKey("ticket.number"), primary_key=True),
    Column("status", String(20), nullable=False),
    Column("unit", Text, nullable=False),
    Column("priority", String(20), nullable=False),
    Column("unit_since", UtcTime, nullable=False),
    Column("status_since", UtcTime, nullable=False),
    Column("base", UtcTime, nullable=False),
    Column("taken_at", UtcTime, nullable=True),
    Column("waited_s", Id, nullable=False),
    Column("waited_before_s", Id, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("due_at", UtcTime, nullable=True),
    Column("due_for", Text, nullable=False),
    Index("ix_timing_due", "due_at", "due_for"),
)

# Append-only: what was measured when it ended (router.ticket.Period).
period = Table(
    "period",
    DESK,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("ticket", ForeignKey("ticket.number"), nullable=False),
    Column("measure", String(12), nullable=False),
    Column("unit", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("ended_at", UtcTime, nullable=False),
    Column("working_s", Id, nullable=False),
    Column("waited_s", Id, nullable=False),
    Column("late", Boolean, nullable=False),
    Index("ix_period_ended", "ended_at", "measure"),
    Index("ix_period_ticket", "ticket"),
    sqlite_autoincrement=True,
)

# One row. By which calendars, limits and steps the clocks were set (router.counting), and those by
# which they are being set, as far as ticket counted_to. When the clock was last looked at: on which
# boot of which machine, and how far the wall clock was ahead of the seconds since that boot. Since
# when, by the wall clock, and why the clock does nothing; null while it runs.
clock = Table(
    "clock",
    DESK,
    Column("name", String(40), primary_key=True),
    Column("counted_by", String(64), nullable=False, server_default=""),
    Column("counting_by", String(64), nullable=False, server_default=""),
    Column("counted_to", Id, nullable=False, server_default="0"),
    Column("ticked_at", UtcTime, nullable=True),
    Column("boot", Text, nullable=False, server_default=""),
    Column("ahead_s", Id, nullable=False, server_default="0"),
    Column("stopped_at", UtcTime, nullable=True),
    Column("why", Text, nullable=False, server_default=""),
)
