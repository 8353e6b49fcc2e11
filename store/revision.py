"""Which revision the tables have, and which one this program knows.

Roles ask here before they work. A new migration raises the number here too; a test compares them.
"""

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from parsers.errors import Deferred, Refused
from store.engine import Store
from store.files import CANNOT_STORE
from store.postgres import is_temporary

HEADS = {"journal": "0002", "desk": "0011"}


def require_current(store: Store) -> None:
    """Refuse to work on tables of another revision; raises Refused with what to do.

    Raises Deferred when the database server does not answer.
    """
    for group, known in HEADS.items():
        engine = store.journal if group == "journal" else store.desk
        try:
            with engine.connect() as conn:
                found = conn.execute(text(f"SELECT version_num FROM {group}_revision")).scalar()  # noqa: S608 - our own names
        except DBAPIError as error:
            if store.shared and is_temporary(error):
                raise Deferred(CANNOT_STORE, str(error.orig)) from error
            found = None
        if found != known:
            raise Refused(
                f"The store's {group} tables are of revision {found}, this program knows {known}; "
                "start `ticketgate serve` once, or use the program that made them."
            )
