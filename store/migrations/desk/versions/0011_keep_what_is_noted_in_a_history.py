"""Keep what the mails about an entry of a history say beside it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the sentences for all readers, and those for the writer; older entries have none."""
    for name in ("notes", "refusals"):
        column = sa.Column(name, sa.JSON(), nullable=False, server_default="[]")
        op.add_column("event", column)
