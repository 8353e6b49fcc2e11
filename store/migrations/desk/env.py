"""Where alembic starts for the desk tables."""

from store.migrations.run import run

run()
