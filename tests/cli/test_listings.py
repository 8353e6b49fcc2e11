"""What the listings print, for people, for pipes and for programs."""

from pathlib import Path

import pytest

from gateway.config.load import load
from store.listing import MailFilter, MailRow, mails
from store.ticket_listing import TicketFilter, tickets
from store.visit import visit
from tests.cli.conftest import MARKUP, Run, on_a_terminal

MAIL_KEYS = {
    "message_id", "sha256", "received_at", "state", "outcome", "reasons", "tickets", "ticket",
    "attempts", "mail", "lane", "mail_from",
}  # fmt: skip
TICKET_KEYS = {
    "ticket", "kind", "wanted", "status", "held", "priority", "subject", "vo", "notified_site",
    "affected_site", "support_unit", "submitter", "opened_at", "updated_at", "events",
    "message_ids", "colour",
}  # fmt: skip
DETAIL_KEYS = {
    "assigned_to", "category", "type_of_issue", "mou_area", "vo_specific", "escalation", "solution",
}  # fmt: skip
SITE_KEYS = {
    "name", "aliases", "roc", "tier", "certification", "contact", "alarm_address", "alarm_vos",
    "source", "updated_at",
}  # fmt: skip


def test_tickets_as_json_have_exactly_their_keys_and_come_newest_first(run: Run) -> None:
    done = run("tickets", "--json")
    assert done.code == 0, done.err
    assert all(set(row) == TICKET_KEYS for row in done.rows)
    numbers = [row["ticket"] for row in done.rows]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] == 100001
    by_subject = {row["subject"]: row for row in done.rows}
    transfers = by_subject["Transfers to FJELL-LCG2 fail since this morning"]
    assert transfers["support_unit"] == "NGI_NORTH"
    assert transfers["notified_site"] == "FJELL-LCG2"
    assert transfers["held"] is None
    assert transfers["kind"] == "USER"
    assert transfers["opened_at"].startswith("2026-03-02T12:00:0")
    assert transfers["opened_at"].endswith("Z")
    assert len(transfers["message_ids"]) == 1
    assert transfers["events"] >= 1
    drill = next(row for subject, row in by_subject.items() if subject.startswith("DRILL"))
    assert (drill["kind"], drill["wanted"], drill["held"]) == (
        "USER", "ALARM", "alarm wanted, not proven"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "subjects"),
    [
        (["--site", "no-fjell", "--not-held"], ["Transfers to FJELL"]),
        (["--site", "HARBOUR"], ["Log of a failed job"]),
        (["--site", "no such site"], []),
        (["--status", "assigned", "--site", "DE-BIRKE"], ["BIRKE-HPC: storage"]),
    ],
)
def test_tickets_are_filtered(run: Run, filters: list[str], subjects: list[str]) -> None:
    rows = run("tickets", "--json", *filters).rows
    assert len(rows) == len(subjects)
    for row, subject in zip(rows, subjects, strict=True):
        assert row["subject"].startswith(subject)


def test_held_tickets_are_listed_alone(office: Path) -> None:
    with visit(load(office / "config.toml").store.url) as store:
        held = [row.held for row in tickets(store, TicketFilter(held=True))]
        rest = [row.held for row in tickets(store, TicketFilter(held=False))]
        every = list(tickets(store, TicketFilter()))
    assert held
    assert rest
    assert all(held)
    assert not any(rest)
    assert len(held) + len(rest) == len(every)


def test_one_ticket_is_shown_with_its_whole_story(run: Run) -> None:
    number = run("tickets", "--json", "--site", "FJELL-LCG2", "--not-held").rows[0]["ticket"]
    (row,) = run("tickets", number, "--json").rows
    parts = {"history", "participants", "relations", "moved", "mails", "outgoing", "evidence"}
    assert set(row) == TICKET_KEYS | DETAIL_KEYS | parts
    assert "Connection timed out" in row["history"][0]["text"]
    assert "ada@atlas.example" in {one["address"] for one in row["participants"]}
    assert {one["recipient"] for one in row["outgoing"]} >= {
        "admins@fjell.example", "helpdesk@ngi-north.example", "ada@atlas.example"
    }  # fmt: skip
    assert row["mails"][0]["tickets"] == [number]
    text = run("tickets", number).out
    for part in ("NGI_NORTH", "1. 2026-03-02 12:00", "Connection timed out", "Participants"):
        assert part in text


def test_a_tickets_story_says_what_the_mails_asked_to_note(run: Run) -> None:
    rows = [
        run("tickets", row["ticket"], "--json").rows[0] for row in run("tickets", "--json").rows
    ]
    openings = {row["ticket"]: row["history"][0] for row in rows}
    noted = {
        number: entry["notes"][0]
        for number, entry in openings.items()
        if "so it is not notified" in str(entry["notes"])
    }
    ((number, note),) = noted.items()
    assert openings[number]["refusals"] == []
    assert f"\n   note: {note}\n" in run("tickets", number).out


def test_mails_as_json_have_their_keys_and_every_state(run: Run) -> None:
    done = run("mails", "--json")
    assert done.code == 0, done.err
    assert all(set(row) == MAIL_KEYS for row in done.rows)
    by_id = {row["message_id"]: row for row in done.rows}
    waits = by_id["<waits@x.example>"]
    assert (waits["state"], waits["outcome"], waits["attempts"]) == ("kept", None, 0)
    assert (waits["tickets"], waits["ticket"]) == ([], None)
    assert done.rows[0] == waits
    markup = by_id["<markup@x.example>"]
    assert (markup["state"], markup["outcome"], markup["attempts"]) == ("done", "held", 1)
    assert markup["ticket"] == markup["tickets"][0]
    assert markup["reasons"]


def test_mails_are_found_by_message_id_digest_state_and_outcome(office: Path) -> None:
    with visit(load(office / "config.toml").store.url) as store:

        def found(**wanted: str) -> list[MailRow]:
            return list(mails(store, MailFilter(**wanted)))

        (one,) = found(message_id="<markup@x.example>")
        assert found(message_id="markup@x.example") == [one]
        assert found(sha256=one.sha256.upper()) == [one]
        (waits,) = found(state="kept")
        assert found(sha256=waits.sha256) == [waits]
        assert found(message_id="<waits@x.example>") == [waits]
        assert {row.outcome for row in found(outcome="new")} == {"new"}
        assert list(mails(store, MailFilter(), 3)) == found()[:3]
        assert list(mails(store, MailFilter(), 1)) == [waits]


def test_the_outbox_and_the_refusals_are_listed(run: Run) -> None:
    rows = run("outbox", "--json", "--state", "waiting").rows
    assert {"state", "recipient", "kind", "last_error", "attempts", "due_at"} <= set(rows[0])
    (refused,) = run("refusals", "--json").rows
    assert refused["recipients"] == ["nobody@helpdesk.example"]
    assert "192.0.2.66" in run("refusals").out


def test_sites_as_json_have_exactly_their_keys(run: Run) -> None:
    rows = run("sites", "--json").rows
    assert len(rows) == 12
    assert all(set(row) == SITE_KEYS for row in rows)
    assert [row["name"] for row in run("sites", "NL-T1", "--json").rows] == [
        "POLDER-MATRIX", "DUIN-ELPROD"
    ]  # fmt: skip
    assert rows[1]["contact"] == ["admins@fjell.example", "ops@fjell.example"]


def test_members_are_listed_with_their_roles(run: Run) -> None:
    rows = run("members", "--json", "--vo", "ATLAS").rows
    assert [(row["name"], row["roles"]) for row in rows] == [
        ("Ada Example", ["alarm", "multisite", "team"]),
        ("Boris Example", ["team"]),
    ]
    assert "Tina Example" in run("members").out


def test_a_pipe_gets_whole_lines_and_no_colour(run: Run) -> None:
    out = run("tickets", COLUMNS="40").out
    assert "Transfers to FJELL-LCG2 fail since this morning" in out
    assert "\x1b" not in out


def test_markup_and_escapes_in_a_subject_are_shown_as_text_on_a_terminal(office: Path) -> None:
    out = on_a_terminal("tickets", "--config", office / "config.toml")
    flat = "".join(out.split())
    assert "[/bold]" in flat
    assert "[link=http://x.example]click[/link]" in flat
    assert "\x1b[31mred" not in out
    assert "\x1b]8;" not in out


def test_what_a_peer_said_cannot_steer_the_terminal_of_a_reader(office: Path) -> None:
    out = on_a_terminal("refusals", "--config", office / "config.toml")
    assert "a[31m@x.example" in "".join(out.split())
    assert "\x1b[31m@" not in out


def test_markup_and_escapes_are_harmless_in_a_pipe_and_in_json(run: Run) -> None:
    assert "[/bold] [link=http://x.example]click[/link]" in run("tickets").out
    done = run("tickets", "--json")
    assert "\x1b" not in done.out
    number = next(row["ticket"] for row in done.rows if "bold" in row["subject"])
    assert "\x1b" not in run("tickets", number).out


def test_the_subject_of_this_test_would_steer_a_terminal() -> None:
    assert "\x1b[31m" in MARKUP
