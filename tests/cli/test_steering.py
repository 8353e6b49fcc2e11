"""`ticketgate ticket`: a supporter's lines at the terminal, all or none."""

import pytest

from tests.cli.conftest import Run


def first_ticket(run: Run) -> int:
    return int(run("tickets", "--json", "--site", "FJELL-LCG2", "--not-held").rows[0]["ticket"])


def state(run: Run, number: int) -> dict[str, object]:
    (row,) = run("tickets", number, "--json").rows
    return row


def test_a_ticket_is_changed_and_its_history_says_by_whom(run: Run) -> None:
    number = first_ticket(run)
    done = run(
        "ticket", number, "--status", "on hold", "--category", "Test", "--comment", "Tomorrow."
    )
    assert (done.code, done.err) == (0, "")
    assert f"ticket {number} is on hold" in done.out
    after = state(run, number)
    entry = after["history"][-1]  # type: ignore[index] # a list
    assert entry["by"].endswith("(command line)")
    assert entry["text"] == "Tomorrow."
    assert {change[0] for change in entry["changes"]} == {"category", "status"}
    kinds = {one["kind"] for one in after["outgoing"]}  # type: ignore[attr-defined] # as above
    assert "update" in kinds


def test_the_head_of_a_ticket_shows_who_has_it_and_its_solution(run: Run) -> None:
    number = first_ticket(run)
    assert run("ticket", number, "--assign", "nora@ngi-north.example").code == 0
    solved = run("ticket", number, "--status", "solved", "--comment", "Restarted.\nTwice.")
    assert (solved.code, solved.err) == (0, "")
    head = run("tickets", number).out.partition("\n1. ")[0]
    assert "assigned to    nora@ngi-north.example" in head
    assert "solution\n   | Restarted.\n   | Twice." in head
    after = state(run, number)
    assert (after["assigned_to"], after["solution"]) == (
        "nora@ngi-north.example",
        "Restarted.\nTwice.",
    )
    assert run("ticket", number, "--status", "reopened", "--comment", "Not yet.").code == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ((), "nothing to do"),
        (("--status", "done"), "possible now"),
        (("--status", "verified"), "possible now"),
        (("--status", "solved"), "please write the solution below it"),
        (("--priority", "top priority"), "why it has to be raised"),
        (("--assign", "NOBODY_KNOWS"), "is not known here"),
        (("--site", "NO-SUCH-SITE"), "is not known here"),
        (("--site", "FJELL-LCG2", "--assign", "NGI_NORTH"), "not both"),
        (("--status", "in progress", "--category", "Fun"), "allowed are: Incident"),
    ],
)
def test_a_wrong_option_stops_all_of_them(run: Run, options: tuple[str, ...], says: str) -> None:
    number = first_ticket(run)
    before = state(run, number)
    done = run("ticket", number, *options)
    assert done.code == 1
    assert says in done.err
    assert state(run, number) == before


def test_a_ticket_that_is_not_there(run: Run) -> None:
    done = run("ticket", 999_999_999, "--status", "solved")
    assert (done.code, "there is no ticket 999999999" in done.err) == (3, True)
