"""Which revision the tables have, and which one this program knows.

Roles ask here before they work. A new migration raises the number here too; a test compares them.
"""

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from parsers.errors import Refused
from store.engine import Store

HEADS = {"journal": "0002", "desk": "0003"}


def require_current(store: Store) -> None:
    """Refuse to work on tables of another revision; raises Refused with what to do."""
    for group, known in HEADS.items():
        engine = store.journal if group == "journal" else store.desk
        try:
            with engine.connect() as conn:
                found = conn.execute(text(f"SELECT version_num FROM {group}_revision")).scalar()  # noqa: S608 - our own names
        except DBAPIError:
            found = None
        if found != known:
            raise Refused(
                f"The store's {group} tables are of revision {found}, this program knows {known}; "
                "start `ticketgate serve` once, or use the program that made them."
            )
