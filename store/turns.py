"""Turns: who must not decide at the same time, where several processes write at once.

On SQLite one file lock covers everything, and this file does nothing. On PostgreSQL a transaction
takes locks on the *words* that it is about to decide on (Message-IDs, digests, tickets) before it
reads any fact: the same mail twice, or a reply and the mail that it answers, then come one after
the other, and everybody else goes on. The locks end with the transaction.

Rule: words first, facts after. Under READ COMMITTED a fact read after the lock is as new as the
last one who held it.
"""

from collections.abc import Iterable
from hashlib import blake2b

from sqlalchemy import Connection, text

MOST_WORDS = 500  # more would fill the server's lock table; then the whole desk is taken
_WHOLE_DESK = 0x7469636B6574  # "ticket"
_LOCK_DESK = text("SELECT pg_advisory_xact_lock(:desk)")
_SHARE_DESK_AND_LOCK = text(
    "SELECT pg_advisory_xact_lock_shared(:desk) UNION ALL "
    "SELECT pg_advisory_xact_lock(word) FROM unnest(CAST(:words AS bigint[])) AS word"
)


def take_turn(conn: Connection, words: Iterable[str]) -> None:
    """Wait until nobody else decides on any of these words; hold them until the transaction ends.

    One call for each kind of word and transaction, so that nobody waits in a circle.
    """
    if conn.dialect.name == "sqlite":
        return
    keys = sorted({_key(word) for word in words})  # in one order: no deadlock among turns
    if len(keys) > MOST_WORDS:
        conn.execute(_LOCK_DESK, {"desk": _WHOLE_DESK})
    elif keys:
        conn.execute(_SHARE_DESK_AND_LOCK, {"desk": _WHOLE_DESK, "words": keys})


def _key(word: str) -> int:
    digest = blake2b(word.encode("utf-8", "replace"), digest_size=8, person=b"ticketgate")
    return int.from_bytes(digest.digest(), "big", signed=True)
