"""Keep who works on a ticket, its solution, its escalation, and whether it is its VO's alone."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Keep who works on a ticket."""
    for name in ("assigned_to", "solution"):
        text = sa.Column(name, sa.Text(), nullable=False, server_default="")
        op.add_column("ticket", text)
    level = sa.Column("escalation", sa.Integer(), nullable=False, server_default="0")
    op.add_column("ticket", level)
    specific: sa.Column[bool] = sa.Column(
        "vo_specific", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    op.add_column("ticket", specific)
