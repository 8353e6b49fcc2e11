"""A store with a million tickets: one real mail goes through the daemon, and SQL repeats its rows.

So every table holds rows like those of a living helpdesk, in step with the schema: raw mails of
4 kB, deliveries, inbox rows that are done, tickets, events, people, Message-IDs, outgoing rows
that were sent. What is unique there is unique here. Times go back over ten months.
"""

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from bench.desk import desk
from bench.letters import Letter, letters
from bench.sending import send_all

PEOPLE = 20_000
SECONDS_APART = 26
_FAST = ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000", "foreign_keys=OFF")
_REPEAT = (
    "WITH RECURSIVE n(n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM n WHERE n < {all})"
    " INSERT INTO {table} SELECT {values} FROM n CROSS JOIN temp.old_{table} AS old"
)
_WHEN = (
    "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now', '-' || (({all} - n) * {apart} + 9999) || ' seconds')"
)
_OWN = (
    "CASE typeof(old.{name}) WHEN 'text' THEN replace(replace(old.{name},"
    " '{number}', printf('%011d', n)), '{person}', {new_person}) ELSE old.{name} END"
)
_NEW_PERSON = f"'p' || (n % {PEOPLE}) || '@physics.example'"
# Table -> how a column of the copy follows from n; other texts are repeated with the copy's number.
JOURNAL: Mapping[str, Mapping[str, str]] = {
    "raw_mail": {"id": "n", "sha256": "digest(n)", "bytes": "raw(n)"},
    "delivery": {"id": "n", "raw": "n", "sha256": "digest(n)", "content": "other_digest(n)"},
}
_TICKET = "old.ticket + n - 1"
DESK: Mapping[str, Mapping[str, str]] = {
    "inbox": {"mail": "n", "sha256": "digest(n)", "content": "other_digest(n)"},
    "ticket": {"number": "old.number + n - 1"},
    "event": {"ticket": _TICKET, "mail": "n"},
    "participant": {"ticket": _TICKET, "id": "old.id + (n - 1) * {people}"},
    "thread_id": {"ticket": _TICKET},
    "mail_ticket": {"ticket": _TICKET, "mail": "n"},
    "outbox": {
        "ticket": _TICKET,
        "id": "old.id + (n - 1) * {rows}",
        "message_id": "printf('<t.%d.%d.%s@helpdesk.example>', old.ticket + n - 1,"
        " old.id + (n - 1) * {rows}, lower(hex(randomblob(8))))",
    },
}
TIMES = frozenset(
    {"received_at", "done_at", "opened_at", "updated_at", "at", "date", "due_at", "sent_at"}
)


def seeded(place: Path, tickets: int) -> None:
    """Make a store in `place` with so many tickets; the daemon must not run there."""
    first = list(letters(1))
    with desk(place) as ours:
        ours.begin_round()
        send_all(ours.smtp, first, 1)
        ours.wait_quiet(1)
    _repeat(place / "journal.db", JOURNAL, first[0], tickets)
    _repeat(place / "tickets.db", DESK, first[0], tickets)


def _repeat(
    path: Path, tables: Mapping[str, Mapping[str, str]], first: Letter, tickets: int
) -> None:
    number = b"%011d" % first.number
    pieces = first.raw.split(number)

    def raw(n: int) -> bytes:
        return (b"%011d" % n).join(pieces)

    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.create_function("raw", 1, raw)
        conn.create_function("digest", 1, lambda n: hashlib.sha256(raw(n)).hexdigest())
        conn.create_function("other_digest", 1, lambda n: hashlib.sha256(b"%d" % n).hexdigest())
        for pragma in _FAST:
            conn.execute(f"PRAGMA {pragma}")
        indexes = _drop_indexes(conn, tables)
        words = {"all": tickets, "number": number.decode(), "person": first.sender}
        words |= {"new_person": _NEW_PERSON, "apart": SECONDS_APART}
        for table, word in (("participant", "people"), ("outbox", "rows")):
            if table in tables:
                words[word] = conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        for table, columns in tables.items():
            conn.execute(f"CREATE TEMP TABLE old_{table} AS SELECT * FROM {table}")
            names = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
            values = ", ".join(
                _value(name, columns).format(name=f'"{name}"', **words) for name in names
            )
            conn.execute(_REPEAT.format(table=table, values=values, **words))
        for statement in indexes:
            conn.execute(statement)
        if "ticket" in tables:
            for name, key in (("ticket", "number"), ("participant", "id"), ("outbox", "id")):
                conn.execute(
                    f"UPDATE sequence SET next = 1 + (SELECT max({key}) FROM {name})"
                    f" WHERE name = '{name}'"
                )
        conn.execute("PRAGMA journal_mode=WAL")


def _value(name: str, columns: Mapping[str, str]) -> str:
    if name in columns:
        return columns[name]
    return _WHEN if name in TIMES else _OWN


def _drop_indexes(conn: sqlite3.Connection, tables: Mapping[str, object]) -> list[str]:
    """Drop what can be built faster at the end; return the statements that build it."""
    found = conn.execute("SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'index'")
    own = [row for row in found.fetchall() if row[2] and row[1] in tables]
    for name, _, _ in own:
        conn.execute(f"DROP INDEX {name}")
    return [sql for _, _, sql in own]
