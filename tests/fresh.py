"""Stores with all tables in place: made once for each process by `upgrade`, then copied.

What `upgrade` itself does is tested in tests/store/test_schema.py; it takes 50 ms of CPU, and some
thousand tests begin with a store.
"""

import atexit
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path

from postgres import FIRST_TICKET

from parsers.errors import Refused
from store.engine import Store, open_store
from store.revision import require_current
from store.schema import upgrade

_FILES = "sqlite:///"


def open_fresh(url: str, first_ticket: int = FIRST_TICKET) -> Store:
    """Open the store of this URL with tables of the newest revision, whatever is there.

    The first ticket of a new one is `first_ticket`. Databases of `postgres.database` have tables.
    """
    path = Path(url.removeprefix(_FILES))
    if url.startswith(_FILES) and not path.exists():
        made = _made(first_ticket, path.name)
        for file in made.iterdir():
            shutil.copy(file, path.parent)
        return open_store(url)
    store = open_store(url)
    if first_ticket != FIRST_TICKET or not _is_current(store):
        upgrade(store, first_ticket=first_ticket)
    return store


def _is_current(store: Store) -> bool:
    try:
        require_current(store)
    except Refused:
        return False
    return True


@lru_cache
def _made(first_ticket: int, name: str) -> Path:
    """Return a directory with the files of an empty store."""
    place = Path(tempfile.mkdtemp(prefix="tg-made-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    store = open_store(f"{_FILES}{place}/{name}")
    upgrade(store, first_ticket=first_ticket)
    store.close()
    return place
