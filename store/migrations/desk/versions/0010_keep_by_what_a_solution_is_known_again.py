"""Keep by what a solution that was sent is known again when it comes back."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the digests of a solution's words; those sent before have none."""
    op.add_column("outbox", sa.Column("words", sa.Text(), nullable=False, server_default=""))
