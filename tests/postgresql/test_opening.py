"""What we ask of a server, and the sentence that says what is missing."""

import random
import string
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from postgres import database, database_of, shared_server
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from parsers.errors import Deferred, Refused
from store import postgres as ours
from store.engine import open_store
from store.revision import require_current
from store.schema import upgrade
from store.tables import sequence
from store.turns import take_turn
from store.visit import visit

ROOT = Path(__file__).parents[2]
TIMEOUTS = {
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "1min",
    "transaction_isolation": "read committed",
    "client_encoding": "UTF8",
    "application_name": "ticketgate",
}


def test_every_session_has_an_end_to_each_wait(postgres_url: str) -> None:
    store = open_store(postgres_url)
    with store.writing() as conn:
        found = {name: conn.exec_driver_sql(f"SHOW {name}").scalar() for name in TIMEOUTS}
    assert found == TIMEOUTS
    assert store.shared
    store.close()


def test_a_database_with_another_encoding_is_refused_with_what_to_do() -> None:
    server = shared_server()
    server.say("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    store = open_store(server.url("latin"))
    with pytest.raises(Refused, match=r"LATIN1.*createdb --encoding=UTF8"):
        require_current(store)
    store.close()
    server.say("DROP DATABASE latin")


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ("", "permission denied for schema public"),  # created without --owner
        ("CREATE TABLE raw_mail (x int); GRANT ALL ON SCHEMA public TO visitor",
         'relation "raw_mail" already exists'),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_made_are_said_in_one_sentence(there: str, said: str) -> None:
    server = shared_server()
    with database(template="template0") as url:
        server.say("DROP ROLE IF EXISTS visitor")
        server.say("CREATE ROLE visitor LOGIN")
        if there:
            server.say(there, database_of(url))
        store = open_store(url.replace("://gw@", "://visitor@"))
        with pytest.raises(Refused, match=f"journal tables cannot be made: {said}"):
            upgrade(store, first_ticket=1)
        store.close()
    server.say("DROP ROLE visitor")


def test_a_server_that_is_too_old_is_refused(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ours, "OLDEST", 99)
    store = open_store(postgres_url)
    with pytest.raises(Refused, match="too old; 99 or newer"), store.reading():
        pass
    store.close()


def test_settings_that_may_lose_mail_are_named(postgres_url: str) -> None:
    store = open_store(postgres_url)
    assert store.doubts() == [
        "fsync = off", "synchronous_commit = off", "full_page_writes = off"
    ]  # fmt: skip
    store.close()
    server, name = shared_server(), database_of(postgres_url)
    server.say(f"ALTER DATABASE {name} SET synchronous_commit = remote_apply")
    again = open_store(postgres_url)
    assert again.doubts() == ["fsync = off", "full_page_writes = off"]
    again.close()


def test_without_the_driver_one_sentence_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['psycopg'] = None\n"
        "from store.engine import open_store\n"
        "from parsers.errors import Refused\n"
        "try:\n    open_store('postgresql+psycopg://gw@db.example/ticketgate')\n"
        "except Refused as error:\n    print(error.public)\n"
    )
    run = [sys.executable, "-c", program]
    done = subprocess.run(run, cwd=ROOT, check=True, capture_output=True, text=True)
    assert "make install EXTRAS=postgres" in done.stdout


def test_a_server_that_is_not_there_is_an_outage_and_not_a_fault() -> None:
    url = "postgresql+psycopg://gw@127.0.0.1:1/none"
    with pytest.raises(Deferred, match=r"(?i)refused"), visit(url):
        pass


def test_a_password_is_handed_over_and_not_shown() -> None:
    store = open_store("postgresql+psycopg://gw@db.example/ticketgate", "s3cret")
    assert store.desk.url.password == "s3cret"
    assert "s3cret" not in f"{store!r} {store.url} {store.desk!r}"
    store.close()


def test_text_that_the_database_would_refuse_is_replaced(postgres_url: str) -> None:
    store = open_store(postgres_url)
    with store.reading() as conn:
        said = conn.exec_driver_sql("SELECT %s", ("a\0b\udcffc",)).scalar()
    assert said == "a\ufffdb?c"
    store.close()


def test_a_row_that_is_too_big_is_a_fault_of_the_row_and_no_outage(postgres_url: str) -> None:
    """Else one mail would close the door to everybody."""
    store = open_store(postgres_url)
    name = "".join(random.Random(1).choices(string.ascii_letters, k=9000))  # does not compress
    row = {"name": "x" * 40, "next": 1}
    with store.writing() as conn:
        conn.exec_driver_sql("ALTER TABLE sequence ALTER COLUMN name TYPE text")
        conn.execute(insert(sequence).values(row))
    with pytest.raises(OperationalError, match="index row") as raised, store.writing() as conn:
        conn.execute(insert(sequence).values(row | {"name": name}))
    assert name[:100] not in str(raised.value)
    store.close()


def test_an_error_never_quotes_a_row(postgres_url: str) -> None:
    store = open_store(postgres_url)
    row = {"name": "ticket", "next": 1}
    with pytest.raises(IntegrityError) as raised, store.writing() as conn:
        conn.execute(insert(sequence).values(row))
    said = "".join(traceback.format_exception(raised.value))
    assert "duplicate key value violates unique constraint" in said
    assert "DETAIL" not in said
    assert "Key (name)" not in said
    store.close()


def test_a_writer_that_was_halted_lets_the_others_go_on_and_writes_nothing(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = [one.replace("60s", "300ms") for one in ours._SESSION]
    monkeypatch.setattr(ours, "_SESSION", tuple(short))
    halted, other = open_store(postgres_url), open_store(postgres_url)

    def write_too_slowly() -> None:
        with halted.writing() as conn:
            take_turn(conn, ["the same word"])
            conn.execute(update(sequence).values(next=7))
            with other.writing() as theirs:  # waits until the server has given the halted one up
                take_turn(theirs, ["the same word"])
            conn.execute(select(sequence.c.next))

    with pytest.raises(Deferred):
        write_too_slowly()
    with halted.reading() as conn:
        assert 7 not in conn.execute(select(sequence.c.next)).scalars().all()
    for one in (halted, other):
        one.close()
