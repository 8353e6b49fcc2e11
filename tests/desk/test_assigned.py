"""`status` by mail for supporters: what is assigned to them, however many tickets there are."""

import email
import email.policy
from typing import Any

import pytest
from proven import evidence
from sqlalchemy import Connection, event
from stage import Stage

from parsers.digest import sha256_of
from parsers.mail import hear
from tests.desk.ledger import Ledger, at

TINA = "tina@firstline.example"


def asked(stage: Stage, address: str = TINA) -> str:
    """What comes back when an address asks for its tickets, proven, as text."""
    raw = (
        f"From: {address}\r\nTo: support@helpdesk.example\r\nSubject: status\r\n"
        f"Message-ID: <{stage.now:%H%M%S%f}{address}>\r\n"
        f"Date: {stage.now:%a, %d %b %Y %H:%M:%S} +0000\r\n\r\nstatus\r\n"
    ).encode()
    stage.prover.known[sha256_of(raw)] = evidence([{"kind": "dkim"}], hear(raw))
    envelope = stage.envelope(raw, ["support@helpdesk.example"], address, "192.0.2.7")
    stage.keep(raw, envelope)
    stage.work()
    (said,) = [one for one in stage.said() if one.recipient == address]
    body = email.message_from_bytes(said.mail, policy=email.policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_open_ones_at_any_unit_are_listed_and_those_that_are_too_many_counted(
    stage: Stage, ledger: Ledger
) -> None:
    stage.now = at("03-10 12:00")
    with ledger.at_once():
        for _ in range(51):
            ledger.opened(at("03-02 09:00"), assigned_to=TINA)
        other = ledger.opened(at("03-02 09:00"), support_unit="NGI_DE", assigned_to=TINA.title())
        own = ledger.opened(at("03-02 09:00"), submitter=TINA, subject="Printer")
        ledger.opened(at("03-02 09:00"), assigned_to="sue@unit.example", subject="Hers")
    ended = ledger.opened(at("03-02 09:00"), assigned_to=TINA, subject="Done")
    ledger.turn(ended, at("03-02 10:00"), status="solved")
    text = asked(stage)
    heads = [line for line in text.splitlines() if line.startswith("==")]
    assert heads == ["== Opened by you: 1 ==", "== Assigned to you: 52 =="]
    opened, _, assigned = text.partition(heads[1])
    assert f"#{own}" in opened
    assert f"#{own}" not in assigned.partition("To add to a ticket")[0]
    assert assigned.count("\n    with ") == 50
    assert f"#{other}  assigned" in assigned
    assert "2 more are not listed here." in assigned
    assert "Done" not in text
    assert "Hers" not in text


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_what_has_ended_is_never_read(stage: Stage, ledger: Ledger) -> None:
    stage.now = at("03-10 12:00")
    ledger.opened(at("03-02 09:00"), assigned_to=TINA)
    plans: list[str] = []

    def explain(conn: Connection, _cursor: object, statement: str, *rest: Any) -> None:
        if statement.startswith("SELECT") and "assigned_to" in statement.partition("WHERE")[2]:
            raw = conn.connection.dbapi_connection
            assert raw is not None
            rows = raw.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", rest[0]).fetchall()
            plans.extend(row[-1] for row in rows if " ticket" in row[-1])

    event.listen(stage.store.desk, "before_cursor_execute", explain)
    asked(stage)
    assert len(plans) == 2
    assert all("ix_ticket_unit (support_unit=? AND status=?)" in one for one in plans)
