"""Keep what was proven of a mail's sender, and the signatures that were seen."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Keep what was proven."""
    op.create_table(
        "evidence",
        sa.Column("mail", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("proofs", sa.JSON(), nullable=False),
        sa.Column("standing", sa.String(length=40), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("mail", name=op.f("pk_evidence")),
    )
    op.create_table(
        "seen_signature",
        sa.Column("signature", sa.String(length=64), nullable=False),
        sa.Column("mail", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("signature", name=op.f("pk_seen_signature")),
    )
    op.create_index(op.f("ix_seen_signature_at"), "seen_signature", ["at"])
