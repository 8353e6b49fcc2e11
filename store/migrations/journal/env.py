"""Where alembic starts for the journal tables."""

from store.migrations.run import run

run()
