"""Count tickets by status and kind, so that nobody has to walk the whole table."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Count tickets by status and kind."""
    op.execute(
        "INSERT INTO counter (name, value)"
        " SELECT 'tickets.' || status || '.' || kind, count(*) FROM ticket GROUP BY status, kind"
    )
