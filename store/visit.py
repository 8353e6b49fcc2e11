"""A visit: opening a store that a daemon serves, or has served, to look or to leave a request.

Rule: a visit makes no store and upgrades none; only `serve` does.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from parsers.errors import Deferred, Refused
from store.engine import Store, open_store
from store.revision import require_current


@contextmanager
def visit(url: str, password: str | None = None) -> Iterator[Store]:
    """Give the store at `url`, closed at the end.

    Raises Deferred when it is not there, cannot be opened, or is of another revision, and Refused
    when PostgreSQL's driver is missing.
    """
    store = _open(url, password)
    try:
        yield store
    finally:
        store.close()


def exists(url: str) -> bool:
    """Whether a store has been made at `url`; a database server counts as there."""
    if url.startswith("postgresql"):
        return True
    try:
        store = open_store(url)
    except ValueError:
        return True
    path = store.lock_path
    return path is None or path.with_name(path.name.removesuffix(".lock")).exists()


def _open(url: str, password: str | None) -> Store:
    if not exists(url):
        raise Deferred(f"There is no store at {url} yet; `ticketgate serve` makes it.")
    try:
        store = open_store(url, password)
    except ValueError as error:
        raise Deferred(str(error)) from error
    try:
        require_current(store)
    except Refused as error:
        store.close()
        raise Deferred(error.public) from error
    except Deferred:
        store.close()
        raise
    except DBAPIError as error:
        store.close()
        raise Deferred(f"The store at {url} cannot be read.", str(error.orig)) from error
    return store
