"""Keep what tickets are to each other, and which entries of a history were moved."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the tables of relations and of moved entries."""
    op.create_table(
        "relation",
        sa.Column("ticket", _id(), nullable=False),
        sa.Column("what", sa.String(length=16), nullable=False),
        sa.Column("other", _id(), nullable=False),
        sa.Column("since", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket"], ["ticket.number"], name=op.f("fk_relation_ticket_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["other"], ["ticket.number"], name=op.f("fk_relation_other_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket", "what", "other", name=op.f("pk_relation")),
    )
    op.create_index("ix_relation_other", "relation", ["other"])
    op.create_table(
        "moved_entry",
        sa.Column("ticket", _id(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("to_ticket", _id(), nullable=False),
        sa.Column("to_entry", sa.Integer(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["ticket"], ["ticket.number"], name=op.f("fk_moved_entry_ticket_ticket")
        ),
        sa.ForeignKeyConstraint(
            ["to_ticket"], ["ticket.number"], name=op.f("fk_moved_entry_to_ticket_ticket")
        ),
        sa.PrimaryKeyConstraint("ticket", "entry", name=op.f("pk_moved_entry")),
    )
    op.create_index("ix_moved_entry_to", "moved_entry", ["to_ticket", "to_entry"])


def _id() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
