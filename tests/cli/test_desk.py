"""`queue` and `report` at the terminal: for people, for programs, and what is refused."""

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.config.load import load
from store.ticket_listing import TicketFilter, tickets
from store.visit import visit
from tests.cli.conftest import Run, on_a_terminal

QUEUE_KEYS = {
    "ticket", "place", "kind", "wanted", "status", "held", "priority", "left_s", "opened_at",
    "updated_at", "assigned_to", "waits_for", "next_step", "next_at", "escalation", "site", "vo",
    "submitter", "subject",
}  # fmt: skip
UNIT_KEYS = {
    "unit", "open", "alarm", "held_alarm", "red", "amber", "held", "yellow", "green", "waiting",
    "escalated", "oldest_at",
}  # fmt: skip


def test_first_lines_queue_has_what_is_held_and_alarms_first(run: Run, office: Path) -> None:
    done = run("queue", "tpm", "--json")
    assert done.code == 0, done.err
    assert all(set(row) == QUEUE_KEYS for row in done.rows)
    assert done.rows[0]["place"] == "held alarm"
    assert done.rows[0]["waits_for"] == "first line, to let it go"
    with visit(load(office / "config.toml").store.url) as store:
        held = {row.ticket for row in tickets(store, TicketFilter(held=True))}
    assert held <= {row["ticket"] for row in done.rows}


def test_a_roc_is_a_unit_too(run: Run) -> None:
    rows = {row["subject"]: row for row in run("queue", "NGI_NORTH", "--json").rows}
    row = rows["Transfers to FJELL-LCG2 fail since this morning"]
    assert row["site"] == "FJELL-LCG2"
    assert row["next_step"] == "reminder to the unit"
    assert isinstance(row["left_s"], int)
    assert row["next_at"].endswith("Z")


def test_without_a_unit_there_is_a_line_for_each(run: Run) -> None:
    done = run("queue", "--json")
    assert all(set(row) == UNIT_KEYS for row in done.rows)
    by_unit = {row["unit"]: row for row in done.rows}
    assert by_unit["NGI_NORTH"]["open"] == len(run("queue", "NGI_NORTH", "--json").rows)
    assert by_unit["TPM"]["held_alarm"] >= 1
    table = run("queue").out.splitlines()
    assert table[0].split()[:4] == ["unit", "open", "alarm", "held"]
    assert len(table) == len(done.rows) + 1


def test_a_short_list_says_how_many_more_there_are(run: Run) -> None:
    total = len(run("queue", "TPM", "--json").rows)
    done = run("queue", "TPM", "--limit", "1")
    assert len(done.out.splitlines()) == 2
    assert done.err == f"{total - 1} more are open at TPM: --limit, or --json for all\n"
    done = run("queue", "TPM", "--limit", total - 1)
    assert done.err == "1 more is open at TPM: --limit, or --json for all\n"


def test_a_terminal_shows_no_more_than_letters(office: Path) -> None:
    shown = on_a_terminal("queue", "TPM", "--config", office / "config.toml", columns=80)
    assert "\x1b[31m" not in shown
    assert "[/bold]" in shown


def test_80_columns_have_a_line_for_each_unit_and_a_short_head_for_each_ticket(
    run: Run, office: Path
) -> None:
    config = ("--config", office / "config.toml")
    units = run("queue", "--json").rows

    def shown(*words: str) -> list[str]:
        said = on_a_terminal(*words, *config, columns=80)
        return said.replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()

    head, *lines = shown("queue")
    assert head.split()[:2] == ["unit", "open"]
    assert head.split()[-1] == "oldest"
    assert "escalated" not in head, "a column in which nothing stands is left out"
    assert len(lines) == len(units)
    assert "escalated" in run("queue").out.splitlines()[0], "a pipe has all of them"
    head, *lines = shown("queue", "TPM")
    assert head.split() == ["ticket", "place", "status", "left", "age", "priority", "site"]
    second = next(at for at, line in enumerate(lines[1:], 1) if line[:1].isdigit())
    below = [line.strip().partition(":")[0] for line in lines[1:second]]
    assert below == ["waits for", "held", "subject"]
    assert any(line.startswith("    next: reminder to the unit, 2026-") for line in lines)


def test_a_persons_tickets_are_shown_at_one_unit_or_at_all(run: Run) -> None:
    rows = {row["subject"]: row for row in run("queue", "NGI_NORTH", "--json").rows}
    mine = rows["Transfers to FJELL-LCG2 fail since this morning"]["ticket"]
    nora = "nora@ngi-north.example"
    assert run("queue", "NGI_NORTH", "--person", nora).err == (
        f"nothing is open at NGI_NORTH for {nora}\n"
    )
    assert run("ticket", mine, "--assign", nora).code == 0
    for words in (("NGI_NORTH",), ()):
        (row,) = run("queue", *words, "--person", "Nora@NGI-North.example", "--json").rows
        assert (row["ticket"], row["assigned_to"]) == (mine, nora)
    assert run("queue", "TPM", "--person", nora, "--json").rows == []
    assert f"{mine}  " in run("queue", "--person", nora).out


def test_an_unknown_unit_is_refused_with_those_that_are_near(run: Run) -> None:
    done = run("queue", "NGI_NORT")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith('The support unit "NGI_NORT" is not known here. Did you mean NGI_N')


def test_an_empty_queue_says_so(run: Run) -> None:
    done = run("queue", "Network Operations")
    assert (done.code, done.out, done.err) == (0, "", "nothing is open at Network Operations\n")


def test_a_report_for_people_and_for_programs(run: Run) -> None:
    days = ("--from", "2026-03-01", "--to", "2026-03-31")
    text = run("report", *days).out
    assert text.startswith("2026-03-01 to 2026-03-31 (UTC), by unit; times in working hours\n")
    assert max(map(len, text.splitlines())) <= 80
    assert run("report", "--month", "2026-03").out == text
    assert run("report", "--month", "2026-03").err == ""
    usual = run("report")
    assert usual.err == (
        "nothing was opened, solved or answered in these days; this month so far: "
        f"--month {datetime.now(UTC):%Y-%m}\n"
    )
    *rows, total = run("report", *days, "--json").rows
    assert total["name"] is None
    assert sum(row["opened"] for row in rows) == total["opened"] > 0
    assert total["left_out"]["held"] > 0
    sheet = list(csv.DictReader(io.StringIO(run("report", *days, "--csv").out)))
    assert [row["name"] for row in sheet] == [row["name"] for row in rows]
    assert [int(row["opened"]) for row in sheet] == [row["opened"] for row in rows]


@pytest.mark.parametrize("by", ["site", "vo", "kind"])
def test_a_report_by_anything_adds_up(run: Run, by: str) -> None:
    *rows, total = run("report", "--by", by, "--month", "2026-03", "--json").rows
    assert all(row["by"] == by for row in rows)
    assert sum(row["opened"] for row in rows) == total["opened"]


def test_by_month_there_are_twelve_lines_unless_days_are_said(run: Run) -> None:
    *rows, _ = run("report", "--by", "month", "--json").rows
    assert len(rows) == 12
    before = datetime.now(UTC).date().replace(day=1)
    assert rows[-1]["name"] < f"{before:%Y-%m}"
    days = ("--from", "2026-01-01", "--to", "2026-03-31")
    *rows, _ = run("report", "--by", "month", *days, "--json").rows
    assert [(row["name"], row["opened"] > 0) for row in rows] == [
        ("2026-01", False), ("2026-02", False), ("2026-03", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--month", "march"), "'march' is no month, such as 2026-03\n"),
        (("--to", "2026-03-01"), "--to needs --from\n"),
        (
            ("--from", "2026-03-02", "--to", "2026-03-01"),
            "--to 2026-03-01 is before --from 2026-03-02\n",
        ),
        (("--csv", "--json"), "either --json or --csv, not both\n"),
    ],
)
def test_what_is_no_report_is_refused(run: Run, words: tuple[str, ...], said: str) -> None:
    done = run("report", *words)
    assert (done.code, done.out, done.err) == (1, "", said)


def test_a_month_that_has_not_come_is_refused_and_one_that_is_not_over_says_so(run: Run) -> None:
    today = datetime.now(UTC).date()
    done = run("report", "--month", f"{today.year + 5}-01")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith(f"{today.year + 5}-01 has not come yet: today is 2")
    done = run("report", "--month", f"{today:%Y-%m}")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[1] == "until now: the last of these days is not over yet"
