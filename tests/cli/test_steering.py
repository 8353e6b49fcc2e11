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
        (("--status", "verified"), "that is for: its submitter"),
        (("--status", "solved"), "please write the solution with --comment"),
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


def two_tickets(run: Run) -> tuple[int, int]:
    rows = run("tickets", "--json", "--not-held").rows
    free = [row["ticket"] for row in rows if row["status"] in {"new", "assigned"}]
    done = [n for n in free if not state(run, n)["relations"]]
    return done[0], done[1]


def test_relations_are_made_shown_and_ended(run: Run) -> None:
    one, other = two_tickets(run)
    done = run("ticket", one, "--master", f"#{other}", "--comment", "The same.")
    assert (done.code, done.err) == (0, "")
    assert f"ticket {one} is on hold" in done.out
    (there,) = state(run, other)["relations"]  # type: ignore[misc] # a list
    assert (there["what"], there["ticket"], there["status"]) == ("slave", one, "on hold")
    shown = run("tickets", one).out
    assert f"master         #{other}" in shown
    assert state(run, other)["history"][-1]["by"].endswith("(command line)")  # type: ignore[index] # a list
    again = run("ticket", one, "--master", other)
    assert (again.code, "a slave of" in again.err) == (1, True)
    assert run("ticket", other, "--unlink", one).code == 0
    assert state(run, one)["relations"] == []


def test_a_comment_is_split_off_and_moved_back_and_the_tickets_are_merged(run: Run) -> None:
    one, other = two_tickets(run)
    before = {row["ticket"] for row in run("tickets", "--json").rows}
    run("ticket", one, "--status", "in progress", "--comment", "At the terminal.")
    entry = state(run, one)["events"]
    done = run("ticket", one, "split", entry)
    assert (done.code, "names no address" in done.err) == (1, True)
    done = run("ticket", one, "move", entry, f"#{other}", "--comment", "Wrong one.")
    assert (done.code, done.err) == (0, "")
    at = int(done.out.split(" is now entry ")[1].split()[0])
    assert f"entry {entry} of ticket {one} is now entry {at} of ticket {other}" in done.out
    assert f"MOVED to ticket #{other}, entry {at}" in run("tickets", one).out
    moved = [{"entry": entry, "to_ticket": other, "to_entry": at}]
    assert state(run, one)["moved"] == moved
    assert "was moved to ticket" in run("ticket", one, "move", entry, other).err
    done = run("ticket", one, "merge", other)
    assert (done.code, done.out.strip()) == (0, f"ticket {one} is merged into #{other}")
    assert f"\n   merged into: #{other}\n" in run("tickets", one).out
    assert f"\n   merged into this ticket: #{one}\n" in run("tickets", other).out
    assert state(run, one)["status"] == "unsolved"
    assert {row["ticket"] for row in run("tickets", "--json").rows} == before
    assert run("ticket", one, "--status", "reopened", "--comment", "No.").code == 0
    assert state(run, one)["relations"] == []


@pytest.mark.parametrize(
    "words",
    [
        ("merge",),
        ("merge", "x"),
        ("merge", 1, 2),
        ("move", 3),
        ("split", 1, 2),
        ("join", 3),
        ("split", 0),
        ("split", 1, "--status", "solved"),
    ],
)
def test_a_wrong_action_says_how_it_is_written(run: Run, words: tuple[object, ...]) -> None:
    done = run("ticket", first_ticket(run), *words)
    assert done.code == 2
    assert (
        "merge OTHER | move ENTRY OTHER | split ENTRY" in done.err or "only --comment" in done.err
    )


def test_a_ticket_that_is_not_there(run: Run) -> None:
    done = run("ticket", 999_999_999, "--status", "solved")
    assert (done.code, "there is no ticket 999999999" in done.err) == (3, True)


@pytest.mark.parametrize("command", ["tickets", "ticket", "release"])
def test_a_number_may_be_written_as_in_mails_and_what_is_none_says_so(
    run: Run, command: str
) -> None:
    done = run(command, "#999999999", *(("--comment", "Hm.") if command == "ticket" else ()))
    assert (done.code, "ticket 999999999" in done.err) == (3, True)
    for word in ("abc", "#", "0", "#-1"):
        done = run(command, "--", word)
        assert (done.code, f"'{word}' is no number of a ticket, such as 100001" in done.err) == (
            2,
            True,
        )
