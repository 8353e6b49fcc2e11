"""Keep how far the paging of each alarm has come, and whose hooks were heard of."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Keep how far alarms have come."""
    big = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "paging",
        sa.Column("ticket", big, nullable=False),
        sa.Column("mode", sa.String(length=8), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("since", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Integer(), nullable=False),
        sa.Column("raised_by", sa.Text(), nullable=False),
        sa.Column("paged_at", sa.String(length=27), nullable=True),
        sa.Column("receipt_at", sa.String(length=27), nullable=True),
        sa.Column("unreachable_at", sa.String(length=27), nullable=True),
        sa.Column("answered_at", sa.String(length=27), nullable=True),
        sa.Column("answered_by", sa.Text(), nullable=False),
        sa.Column("recovered_at", sa.String(length=27), nullable=True),
        sa.Column("over_at", sa.String(length=27), nullable=True),
        sa.Column("drill", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket"], ["ticket.number"], name=op.f("fk_paging_ticket_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket", name=op.f("pk_paging")),
    )
    op.create_index("ix_paging_drill", "paging", ["drill"])
    op.create_index("ix_paging_over_at", "paging", ["over_at"])
    op.create_table(
        "site_hook",
        sa.Column("site", sa.String(length=200), nullable=False),
        sa.Column("since", sa.String(length=27), nullable=False),
        sa.Column("heard_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("site", name=op.f("pk_site_hook")),
    )
