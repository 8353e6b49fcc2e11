"""Reports of a small history that a person can check: march.txt, and the tables worked out by hand.

What each number of the tables comes from is written beside the history.
"""

import csv
import io
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete

from gateway.report_times import Days, days_of
from gateway.reports import Report, as_csv, as_objects, as_text, make_report
from parsers.errors import Malformed
from router.ticket import Tie
from store.engine import Store
from store.relation_tables import relation
from tests.desk.ledger import Ledger, at

HERE = Path(__file__).parent
BERLIN = ZoneInfo("Europe/Berlin")
MARCH = Days(date(2026, 3, 1), date(2026, 3, 31), BERLIN)
FOUR_MONTHS = Days(date(2026, 1, 1), date(2026, 4, 30), BERLIN)
TODAY = date(2026, 4, 15)


@pytest.fixture
def march(store: Store) -> Store:
    Ledger(store).play((HERE / "march.txt").read_text())
    return store


@pytest.mark.parametrize(
    ("by", "days"), [("unit", MARCH), ("site", MARCH), ("month", FOUR_MONTHS)], ids=str
)
def test_the_report_is_the_table_that_was_worked_out_by_hand(
    march: Store, by: str, days: Days
) -> None:
    lines = list(as_text(make_report(march, by, days)))
    assert lines == (HERE / f"march.by-{by}.txt").read_text().splitlines()
    assert max(map(len, lines)) <= 80


def test_programs_read_seconds_and_what_was_left_out_of_each_name(march: Store) -> None:
    found = {one["name"]: one for one in as_objects(make_report(march, "vo", MARCH))}
    assert list(found) == ["", "atlas", "cms", None]
    assert found["cms"] == {
        "by": "vo",
        "name": "cms",
        "from": "2026-03-01",
        "to": "2026-03-31",
        "opened": 1,
        "solved": 0,
        "unsolved": 1,
        "duplicate": 0,
        "reopened": 0,
        "response_number": 1,
        "response_median_s": 37 * 3600,
        "response_p90_s": 37 * 3600,
        "response_within_limit": 0,
        "response_late": 1,
        "response_waited_s": 0,
        "solution_number": 0,
        "solution_median_s": None,
        "solution_p90_s": None,
        "solution_within_limit": 0,
        "solution_late": 0,
        "solution_waited_s": 0,
        "left_out": {},
    }
    assert found[""]["left_out"] == found[None]["left_out"]
    assert found[None]["left_out"] == {
        "held": 1, "discarded": 1, "exercise": 1, "category Test": 1,
    }  # fmt: skip


def test_a_spreadsheet_reads_one_line_a_name_and_no_formula(march: Store) -> None:
    ledger = Ledger(march)
    ledger.opened(at("03-09 09:00"), notified_site='=HYPERLINK("http://x.example")')
    rows = list(csv.DictReader(io.StringIO(as_csv(make_report(march, "site", MARCH)))))
    assert [row["name"] for row in rows] == [
        "", '\'=HYPERLINK("http://x.example")', "FZK-LCG2", "INFN-T1", "US-T1",
    ]  # fmt: skip
    fzk = rows[2]
    assert (fzk["solution_median_s"], fzk["solution_waited_s"]) == (str(3 * 3600), str(8 * 3600))
    assert rows[-1]["solution_median_s"] == ""
    assert rows[0]["left_out_held"] == rows[0]["left_out_test"] == "1"


def test_a_report_of_nothing_has_its_heads_and_a_total_of_zeros(store: Store) -> None:
    report = make_report(store, "unit", MARCH)
    assert as_csv(report).startswith("by,name,from,to,opened,")
    assert as_csv(report).count("\n") == 1
    assert [one["opened"] for one in as_objects(report)] == [0]
    assert list(as_text(report))[-1] == "left out of those opened: none"


def test_a_long_name_stands_on_a_line_of_its_own(store: Store) -> None:
    name = "Regional Operations Centre of the Far North"
    Ledger(store).opened(at("03-09 09:00"), support_unit=name)
    lines = _text(make_report(store, "unit", MARCH))
    place = lines.index(name)
    assert lines[place + 1].split() == ["1", "0", "0", "0", "0", "0.0"]
    assert max(map(len, lines)) <= 80


def test_days_that_are_not_over_are_said_to_end_now(march: Store) -> None:
    days = days_of("2026-04", "", "", date(2026, 4, 2), BERLIN, by_month=False)
    head, now, *lines = as_text(make_report(march, "month", days))
    assert head == "2026-04-01 to 2026-04-02 (Europe/Berlin), by month; times in working hours"
    assert now == "until now: the last of these days is not over yet"
    assert next(line for line in lines if line.startswith("total")).split()[1] == "2"


def test_a_duplicate_that_stands_for_itself_again_is_none(march: Store) -> None:
    """The first time it was given up for another reason, which stays what it was."""
    ledger = Ledger(march)
    number = ledger.opened(at("03-16 09:00"), notified_site="TWICE")
    ledger.turn(number, at("03-16 10:00"), status="unsolved")
    ledger.turn(number, at("03-16 11:00"), status="reopened")
    ledger.turn(number, at("03-16 12:00"), status="unsolved")
    other = ledger.opened(at("03-16 09:00"))

    def counts() -> tuple[object, ...]:
        row = _by_site(march)["TWICE"]
        return row["opened"], row["unsolved"], row["duplicate"], row["response_number"]

    assert counts() == (1, 2, 0, 2)
    ledger.relate(number, Tie.ORIGINAL, other)
    assert counts() == (1, 1, 1, 2)
    ledger.relate(number, Tie.CROSS, other)
    assert counts() == (1, 1, 1, 2)
    with march.writing() as conn:
        conn.execute(delete(relation).where(relation.c.what == str(Tie.ORIGINAL)))
    assert counts() == (1, 2, 0, 2)


def test_what_was_discarded_and_taken_up_again_counts(march: Store) -> None:
    ledger = Ledger(march)
    number = ledger.opened(at("03-16 09:00"), held="unproven sender", notified_site="LATE")
    ledger.turn(number, at("03-16 10:00"), discarded=True)
    assert _by_site(march)["LATE"]["left_out"] == {"discarded": 1}
    ledger.turn(number, at("03-16 11:00"), status="reopened")
    ledger.turn(number, at("03-16 12:00"), status="solved")
    ledger.turn(number, at("03-30 12:00"), status="closed")
    late = _by_site(march)["LATE"]
    assert (late["opened"], late["solved"], late["reopened"], late["left_out"]) == (1, 1, 1, {})


def test_a_report_of_a_past_month_stays_when_its_tickets_move_on(march: Store) -> None:
    before = _text(make_report(march, "unit", MARCH))
    ledger = Ledger(march)
    with march.reading() as conn:
        numbers = list(
            conn.exec_driver_sql("SELECT number FROM ticket WHERE support_unit <> 'TPM'")
        )
    for (number,) in numbers:
        ledger.turn(number, at("05-04 10:00"), support_unit="NGI_NL", status="assigned")
    assert _text(make_report(march, "unit", MARCH)) == before


def _text(report: Report) -> list[str]:
    return list(as_text(report))


def _by_site(store: Store) -> dict[object, dict[str, object]]:
    return {one["name"]: one for one in as_objects(make_report(store, "site", MARCH))}


@pytest.mark.parametrize(
    ("month", "since", "until", "by_month", "expected"),
    [
        ("", "", "", False, "2026-03-01 2026-03-31"),
        ("", "", "", True, "2025-04-01 2026-03-31"),
        ("2024-02", "", "", False, "2024-02-01 2024-02-29"),
        ("2025-12", "", "", True, "2025-12-01 2025-12-31"),
        ("", "2026-04-10", "", False, "2026-04-10 2026-04-15 until now"),
        ("", "2026-04-10", "2026-04-10", False, "2026-04-10 2026-04-10"),
        ("2026-13", "", "", False, "'2026-13' is no month, such as 2026-03"),
        ("march", "", "", False, "'march' is no month, such as 2026-03"),
        ("2026-03", "2026-03-01", "", False, "either --month or --from and --to, not both"),
        ("", "", "2026-03-01", False, "--to needs --from"),
        ("", "2026-03-02", "2026-03-01", False, "--to 2026-03-01 is before --from 2026-03-02"),
        ("", "2026-04-20", "2026-04-16", False, "--to 2026-04-16 is before --from 2026-04-20"),
        ("", "2026-04-16", "", False, "2026-04-16 has not come yet: today is 2026-04-15"),
        ("", "2026-04-01", "2026-04-16", False, "2026-04-16 has not come yet: today is 2026-04-15"),
        ("2026-05", "", "", False, "2026-05 has not come yet: today is 2026-04-15"),
        ("2031-01", "", "", True, "2031-01 has not come yet: today is 2026-04-15"),
        ("2026-04", "", "", False, "2026-04-01 2026-04-15 until now"),
        ("", "1026-04-16", "", False, "'1026-04-16' is too far away"),
        ("", "2001-01-01", "", False, "more than 10 years"),
        ("", "2026-02-29", "", False, "'2026-02-29' is no day, such as 2026-03-02"),
    ],
)
def test_the_days_of_a_report(
    month: str, since: str, until: str, *, by_month: bool, expected: str
) -> None:
    assert _said(month, since, until, by_month=by_month) == expected


def _said(month: str, since: str, until: str, *, by_month: bool) -> str:
    try:
        days = days_of(month, since, until, TODAY, BERLIN, by_month=by_month)
    except Malformed as error:
        return str(error)
    return f"{days.first} {days.last}{' until now' if days.until_now else ''}"


def test_days_have_all_their_hours_where_clocks_change() -> None:
    assert (MARCH.since, MARCH.until) == (at("02-28 23:00"), at("03-31 22:00"))
    assert [name for name, _ in MARCH.months()] == ["2026-03"]
    parts = Days(date(2025, 12, 30), date(2026, 2, 2), BERLIN)
    assert [(name, str(one.first), str(one.last)) for name, one in parts.months()] == [
        ("2025-12", "2025-12-30", "2025-12-31"),
        ("2026-01", "2026-01-01", "2026-01-31"),
        ("2026-02", "2026-02-01", "2026-02-02"),
    ]
