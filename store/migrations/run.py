"""How a migration runs: on the connection that `store.schema` hands over, in its transaction.

Never opens a connection of its own and never runs offline.
"""

from typing import Any, Literal

from alembic import context

from store.columns import UtcTime
from store.schema import metadata_of


def run() -> None:
    """Run the migrations of the group that alembic was configured for."""
    attributes = context.config.attributes
    metadata, version_table = metadata_of(attributes["group"])
    context.configure(
        connection=attributes["connection"],
        target_metadata=metadata,
        version_table=version_table,
        render_as_batch=True,
        render_item=_render,
        include_object=_is_ours,
    )
    context.run_migrations()


def _is_ours(_item: Any, _name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    """Leave out the tables of the other group, which may lie in the same database."""
    return not (kind == "table" and reflected and other is None)


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Write our own types into a migration as what they are in the database."""
    if kind == "type" and isinstance(item, UtcTime):
        return "sa.String(length=27)"
    return False
