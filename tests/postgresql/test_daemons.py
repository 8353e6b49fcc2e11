"""Real daemons on one PostgreSQL: two share the work, one dies, the server goes and comes back."""

import json
import os
import smtplib
import subprocess
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from postgres import Server
from running import PROGRAM, Helpdesk, helpdesk, mail, until
from sqlalchemy import func, select

from store.engine import open_store
from store.journal_tables import raw_mail
from store.tables import mail_ticket, outbox, role_health
from tests.ports import free_port
from tests.postgresql.looking import ends, is_still, on

MAILS = 200
SOON_S = 60.0


def send(desks: list[Helpdesk], number: int) -> str:
    """Send a mail until some door takes it; return every reply that was not 250."""
    raw, refusals = mail(number), []
    for turn in range(200):
        desk = desks[(number + turn) % len(desks)]
        try:
            reply = desk.send(raw, ["support@helpdesk.example"])
        except (OSError, smtplib.SMTPException) as error:
            reply = str(getattr(error, "smtp_code", 0) or 0)
        except AssertionError:  # MAIL FROM was answered with 4xx
            reply = "451"
        if reply.startswith("250"):
            return " ".join(refusals)
        refusals.append(reply[:3])
        time.sleep(0.1)  # as a mail server would, before it tries again
    raise AssertionError(f"mail {number} was never taken: {refusals}")


@pytest.mark.timeout(300)
def test_two_daemons_share_a_database_and_the_death_of_one_costs_nothing(
    place: Path, own_url: str
) -> None:
    with ExitStack() as stack:
        desks = []
        for name in ("one", "two"):
            (place / name).mkdir()
            desks.append(stack.enter_context(helpdesk(place / name, on(own_url), workers=2)))
        senders = [
            threading.Thread(target=lambda n=n: [send(desks, m) for m in range(n, MAILS, 4)])
            for n in range(4)
        ]
        for sender in senders:
            sender.start()
        store = open_store(own_url)
        stack.callback(store.close)
        until(lambda: ends(store)[1] > 20, "the first tickets")
        desks[0].kill()
        desks[0].start()
        for sender in senders:
            sender.join(120)
            assert not sender.is_alive()
        until(lambda: is_still(store), "all is decided and carried", 120)
        outcomes, tickets, twice = ends(store)
        assert set(outcomes) <= {"new", "duplicate"}
        assert (outcomes["new"], tickets, twice) == (MAILS, MAILS, 0), outcomes
        with store.reading() as conn:
            linked = select(mail_ticket.c.ticket).distinct()
            assert len(conn.execute(linked).all()) == MAILS
            sent = conn.execute(select(func.count()).select_from(outbox)).scalar_one()
            names = conn.execute(select(role_health.c.name)).scalars().all()
        went = len(desks[0].outgoing()) + len(desks[1].outgoing())
        assert went >= sent, "some may go twice with the same Message-ID after a kill, none is lost"
        assert len({name.partition("@")[2] for name in names}) == 2, "both have worked"
        until(lambda: desks[0].typed("health").code == 0, "all is well again")
        doors = [row for row in desks[0].listing("health") if row["name"].startswith("smtp@")]
        assert len(doors) == 2, doors


@pytest.mark.timeout(300)
def test_a_server_that_stops_under_load_and_comes_back_costs_nothing(
    place: Path, own_url: str, own_server: Server
) -> None:
    with helpdesk(place, on(own_url), workers=2) as desk:
        roles = desk.roles()
        replies: list[str] = []
        senders = [
            threading.Thread(target=lambda n=n: replies.extend(_all(desk, range(n, 100, 3))))
            for n in range(3)
        ]
        for sender in senders:
            sender.start()
        store = open_store(own_url)
        until(lambda: ends(store)[1] > 5, "the first tickets")
        own_server.stop()
        begun = time.monotonic()
        code = _code(desk, 1000)
        assert code in {451, 421}
        assert time.monotonic() - begun < 25  # the peer's own patience is 30
        for _ in range(20):  # a few seconds of it
            assert _code(desk, 1000) in {451, 421}
            time.sleep(0.1)
        own_server.start()
        begun = time.monotonic()
        until(lambda: _code(desk, 1000) == 250, "the door takes mail again", SOON_S)
        for sender in senders:
            sender.join(120)
            assert not sender.is_alive()
        until(lambda: is_still(store), "all is decided and carried", 60)
        outcomes, tickets, twice = ends(store)
        assert set(outcomes) <= {"new", "duplicate"}
        assert (tickets, twice) == (101, 0), outcomes
        assert set("".join(replies)) <= set("0124567 "), replies
        assert not [code for reply in replies for code in reply.split() if code[0] == "5"]
        assert desk.roles() == roles, "nobody was restarted"
        with store.reading() as conn:
            raws = conn.execute(select(func.count()).select_from(raw_mail)).scalar_one()
            assert raws == 101
        log = (place / "serve.log").read_text()
        lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        said = [
            (line["role"], line["slot"], line["logger"])
            for line in lines
            if line["event"] == "the store does not answer; waiting"
        ]
        assert len(set(said)) == len(said) > 0, "once for each loop"
        assert log.count("the store answers again") >= 2
        assert "Traceback" not in log
        store.close()


def _all(desk: Helpdesk, numbers: range) -> list[str]:
    return [send([desk], number) for number in numbers]


def _code(desk: Helpdesk, number: int) -> int:
    try:
        return int(desk.send(mail(number), ["support@helpdesk.example"])[:3])
    except smtplib.SMTPConnectError as error:
        return int(error.smtp_code)
    except smtplib.SMTPResponseException as error:
        return int(error.smtp_code)
    except AssertionError:  # MAIL FROM was answered with 4xx
        return 451


def test_the_same_configuration_twice_on_one_machine_is_refused(place: Path, own_url: str) -> None:
    with helpdesk(place, on(own_url)) as desk:
        again = subprocess.run(
            [PROGRAM, "serve", "--config", desk.config],
            env=desk.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert again.returncode == 1
        assert f"is already served, by process {desk.process.pid}" in again.stderr


def test_a_configuration_that_may_only_be_read_is_its_own_lock(place: Path, own_url: str) -> None:
    from gateway.daemon import _lock

    config = place / "config.toml"
    config.write_text("x")
    store = open_store(own_url)
    assert _lock(store, config) == place / "config.serve"
    if os.getuid():
        place.chmod(0o500)
        assert _lock(store, config) == config
        place.chmod(0o700)
    store.close()


def test_serve_says_in_one_sentence_that_the_server_does_not_answer(place: Path) -> None:
    desk = Helpdesk(place, on(f"postgresql+psycopg://gw@127.0.0.1:{free_port()}/none"))
    done = subprocess.run(
        [PROGRAM, "serve", "--config", desk.config],
        env=desk.env, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 75
    assert "Connection refused" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_served_store_is_not_copied_and_a_stopped_one_is(place: Path, own_url: str) -> None:
    def copy(desk: Helpdesk) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, "copy-store", "--config", desk.config, own_url],
            env=desk.env, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip

    with helpdesk(place) as desk:
        for number in range(3):
            assert desk.send(mail(number), ["support@helpdesk.example"]).startswith("250")
        desk.settled(3)
        refused = copy(desk)
        assert refused.returncode == 75
        assert "stop it first" in refused.stderr
    done = copy(desk)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("copied 3 mails and 3 tickets")
    assert "raw_mail: 3 of 3" in done.stderr
    again = copy(desk)
    assert again.returncode == 1
    assert "not empty" in again.stderr
    (place / "new").mkdir()
    with helpdesk(place / "new", on(own_url)) as there:
        assert there.send(mail(1), ["support@helpdesk.example"]).startswith("250")
        listed = there.settled(4)
    assert [row["outcome"] for row in listed] == ["duplicate", "new", "new", "new"]


def test_the_operators_health_knows_the_slots_of_its_own_daemon(place: Path, own_url: str) -> None:
    with helpdesk(place, on(own_url)) as desk:
        until(lambda: desk.typed("health").code == 0, "health says that all is ok")
        names = {line["name"].partition("@")[0] for line in desk.listing("health")}
    assert {"work-0", "courier-0"} <= names
