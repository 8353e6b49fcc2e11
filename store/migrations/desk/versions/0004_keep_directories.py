"""Keep what directories said."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Keep what directories said."""
    op.create_table(
        "directory",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("said", sa.String(length=12), nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("changes", sa.String(length=60), server_default="", nullable=False),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("since", sa.String(length=27), nullable=True),
        sa.Column("tried_at", sa.String(length=27), nullable=True),
        sa.Column("good_at", sa.String(length=27), nullable=True),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.String(length=27), nullable=False),
        sa.Column("claimed_by", sa.String(length=80), nullable=True),
        sa.Column("claimed_until", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_directory")),
    )
    op.create_table(
        "directory_entry",
        sa.Column("directory", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("since", sa.String(length=27), nullable=False),
        sa.Column("changed_at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["directory"],
            ["directory.name"],
            name=op.f("fk_directory_entry_directory_directory"),
        ),
        sa.PrimaryKeyConstraint("directory", "kind", "key", name=op.f("pk_directory_entry")),
    )
