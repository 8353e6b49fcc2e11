"""What we ask of a server, and the sentence that says what is missing."""

import subprocess
import sys
from pathlib import Path

import postgres
import pytest
from postgres import database_of, shared_server

from parsers.errors import Deferred, Refused
from store import postgres as ours
from store.engine import open_store
from store.revision import require_current
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


def test_a_fresh_database_for_a_test_is_cheap() -> None:
    from time import perf_counter

    shared_server()
    begun = perf_counter()
    for _ in range(5):
        with postgres.database():
            pass
    assert (perf_counter() - begun) / 5 < 1.0  # 0.03 s on a quiet machine
