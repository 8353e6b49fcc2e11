"""Whether the store that the configuration names can be used and is whole, as `serve` asks.

Only for files; a database server is not asked. Nothing is made or changed.
"""

from collections.abc import Iterator

from gateway.config.faults import Finding
from gateway.config.root import Config
from parsers.errors import MailError
from store.files import desk_path, journal_path, unfit
from store.pairing import find_loss


def check_store(config: Config) -> Iterator[Finding]:
    """Yield what would keep `serve` from starting on this store."""
    desk = desk_path(config.store.url)
    if desk is None:
        return
    why = unfit(desk, journal_path(desk))
    if not why:
        try:
            found = find_loss(desk)
            why = found.sentence if found else ""
        except MailError as error:
            why = error.detail
    if why:
        yield Finding(("store", "url"), why)
