"""A visit: opening a store that a daemon serves, or has served, to look or to leave a request.

Rule: a visit makes no store and upgrades none; only `serve` does.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from parsers.errors import Deferred, Refused
from store.engine import Store, open_store
from store.files import desk_path, journal_path, unfit
from store.pairing import find_loss
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
    path = desk_path(url)
    return path is None or path.exists()


def why_not(url: str) -> str:
    """Return why a store in files cannot be visited, and what to do; "" when it can be tried.

    Raises Refused for what is no database, Deferred when a file cannot be read.
    """
    desk = desk_path(url)
    if desk is None:
        return ""
    journal = journal_path(desk)
    if why := unfit(desk, journal):
        return f"The store at {url} cannot be opened: {why}."
    if desk.exists() and journal.exists():
        return ""
    if found := find_loss(desk):
        return found.sentence
    if not desk.exists():
        return f"There is no store at {url} yet; `ticketgate serve` makes it."
    return f"{journal} is missing beside {desk}: put it back, or let `ticketgate serve` make it."


def _open(url: str, password: str | None) -> Store:
    try:
        why = why_not(url)
    except Refused as error:
        raise Deferred(error.public) from error
    if why:
        raise Deferred(why)
    try:
        store = open_store(url, password, make=False)
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
