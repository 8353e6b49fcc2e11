"""Keep the clock of each ticket, what was measured by it, and what is known of the clock itself.

Tickets that are there get their clock when the daemon next starts, from then on.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_TIME = sa.String(length=27)


def upgrade() -> None:
    """Keep the clock of each ticket."""
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "timing",
        sa.Column("ticket", big, nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("priority", sa.String(length=20), nullable=False),
        sa.Column("unit_since", _TIME, nullable=False),
        sa.Column("status_since", _TIME, nullable=False),
        sa.Column("base", _TIME, nullable=False),
        sa.Column("taken_at", _TIME, nullable=True),
        sa.Column("waited_s", big, nullable=False),
        sa.Column("waited_before_s", big, nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("due_at", _TIME, nullable=True),
        sa.Column("due_for", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket"], ["ticket.number"], name=op.f("fk_timing_ticket_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket", name=op.f("pk_timing")),
    )
    op.create_index("ix_timing_due", "timing", ["due_at", "due_for"])
    op.create_index("ix_ticket_unit", "ticket", ["support_unit", "status"])
    op.create_table(
        "period",
        sa.Column("id", big, nullable=False, autoincrement=True),
        sa.Column("ticket", big, nullable=False),
        sa.Column("measure", sa.String(length=12), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("ended_at", _TIME, nullable=False),
        sa.Column("working_s", big, nullable=False),
        sa.Column("waited_s", big, nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket"], ["ticket.number"], name=op.f("fk_period_ticket_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_period")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_period_ended", "period", ["ended_at", "measure"])
    op.create_index("ix_period_ticket", "period", ["ticket"])
    op.create_table(
        "clock",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("counted_by", sa.String(length=64), nullable=False, server_default=""),
        sa.Column("counting_by", sa.String(length=64), nullable=False, server_default=""),
        sa.Column("counted_to", big, nullable=False, server_default="0"),
        sa.Column("ticked_at", _TIME, nullable=True),
        sa.Column("boot", sa.Text(), nullable=False, server_default=""),
        sa.Column("ahead_s", big, nullable=False, server_default="0"),
        sa.Column("stopped_at", _TIME, nullable=True),
        sa.Column("why", sa.Text(), nullable=False, server_default=""),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_clock")),
    )
