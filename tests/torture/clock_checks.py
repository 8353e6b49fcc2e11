"""The promises of the clock: what fell due, against the histories and what was really received.

It counts for itself, with plain SQL and from the mails; only the rules of docs/clock.md, as the
simulation tells them again, are taken from elsewhere. Each check returns sentences.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from email import message_from_bytes, policy

from simulation.expected import FINAL
from torture.ageing import CLOSE, DIGEST, Window
from torture.books import Row, as_list
from torture.clock_books import ClockBooks

REMINDED, CLOSED = "reminded", "closed"
OF_A_WISH = "a supporter wanted to be reminded on this day"
_ONE = re.compile(r"#(\d+) REMINDER ")
_LIST = re.compile(r"\d+ tickets (need somebody to look at them|wait for an answer from you)$")
_LISTED = re.compile(r"^#(\d+)  ", re.MULTILINE)
_DIGEST = re.compile(r": [\w -]+, \d+ open\b")
Histories = dict[int, list[Row]]
Told = Counter[tuple[str, int]]  # reader and ticket, 0 for a digest


def clock_violations(windows: Sequence[Window], books: ClockBooks) -> list[str]:
    """Return everything that is wrong, none when nothing is."""
    histories = _histories(books)
    done, said = _steps(windows, histories)
    said += _told(done, books)
    return (
        said + _nothing_left(books) + _after_the_end(histories, books) + _counted(histories, books)
    )


def _histories(books: ClockBooks) -> Histories:
    found: Histories = defaultdict(list)
    for row in books.desk("SELECT ticket, number, kind, changes, reasons FROM event ORDER BY 1, 2"):
        changes = {field: new for field, _, new in as_list(row["changes"])}
        wished = OF_A_WISH in as_list(row["reasons"])
        found[row["ticket"]].append({**row, "status": changes.get("status"), "wished": wished})
    return found


def _steps(windows: Sequence[Window], histories: Histories) -> tuple[list[Window], list[str]]:
    """C1: each step once, and before anything else happened; return the windows that were used."""
    of: dict[int, list[Window]] = defaultdict(list)
    for one in windows:
        of[one.ticket].append(one)
    done, said = of.pop(0, []), []
    for ticket, history in histories.items():
        mine = of.pop(ticket, [])
        begins = mine[0].event if mine else len(history)
        said += [f"C1 ticket {ticket}: before it was due" for e in history[:begins] if _is_step(e)]
        for place, one in enumerate(mine):
            ends = mine[place + 1].event if place + 1 < len(mine) else len(history)
            fault = _fault(one, history[one.event : ends])
            said += [f"C1 ticket {ticket}, {one.what} after {one.event}: {fault}"] if fault else []
            if any(_is_step(each) for each in history[one.event : ends]):
                done.append(one)
    return done, said + [f"C1 ticket {ticket} is not there" for ticket in of]


def _fault(one: Window, events: Sequence[Row]) -> str:
    """Return what is wrong with what came of a window, "" for nothing."""
    places = [place for place, each in enumerate(events) if _is_step(each)]
    if len(places) > 1:
        return f"done {len(places)} times"
    before = events[: places[0]] if places else events
    has_turned = any(each["status"] is not None for each in before)
    if not places:
        return "" if has_turned else "left undone"
    if has_turned:
        return "done after somebody had answered"
    kind = CLOSED if one.what == CLOSE else REMINDED
    return "" if events[places[0]]["kind"] == kind else "another step was done"


def _is_step(event: Row) -> bool:
    return event["kind"] in {REMINDED, CLOSED}


def _told(done: Iterable[Window], books: ClockBooks) -> list[str]:
    """C2: each reader has one mail of each step, and a copy of it only with the same bytes."""
    wanted = Counter((one.reader, one.ticket) for one in done if one.what != CLOSE)
    told: Told = Counter()
    said = []
    for (message_id, reader), copies in books.sink.got.items():
        told.update((reader, ticket) for ticket in _tickets_of(copies[0]))
        if len(set(copies)) > 1:
            said.append(f"C2 {message_id} to {reader} came twice with different bytes")
    for key in sorted(wanted | told):
        if told[key] != wanted[key]:
            reader, ticket = key
            of = f"ticket {ticket}" if ticket else DIGEST
            said.append(f"C2 {reader} was told {told[key]} times of {of}, not {wanted[key]}")
    return said


def _tickets_of(raw: bytes) -> list[int]:
    """Return the tickets that a mail of the clock reminds of, 0 for a digest, none for others."""
    mail = message_from_bytes(raw, policy=policy.default)
    subject = str(mail["Subject"])
    if found := _ONE.search(subject):
        return [int(found[1])]
    if _LIST.search(subject):
        body = mail.get_body(("plain",))
        assert body is not None
        return [int(number) for number in _LISTED.findall(body.get_content())]
    return [0] if _DIGEST.search(subject) else []


def _nothing_left(books: ClockBooks) -> list[str]:
    """C3: nothing that is due is left, and no unit has two digests to come."""
    said = [f"C3 {books.due()} steps are due and not done"] if books.due() else []
    rows = books.desk("SELECT detail FROM reminder WHERE step = 'unit-digest' AND done_at IS NULL")
    units = Counter(row["detail"].partition(" ")[2] for row in rows)
    return said + [f"C3 {unit} has {n} digests to come" for unit, n in units.items() if n > 1]


def _after_the_end(histories: Histories, books: ClockBooks) -> list[str]:
    """C4: after the end of a ticket nothing happens by the clock, nor ever will."""
    said = []
    for ticket, history in histories.items():
        ended = [place for place, each in enumerate(history) if each["status"] in FINAL]
        behind = history[ended[0] + 1 :] if ended else []
        if any(map(_is_step, behind)):
            said.append(f"C4 ticket {ticket}: a step after its end")
    rows = books.desk(
        "SELECT ticket FROM timing JOIN ticket ON ticket.number = timing.ticket"
        " WHERE timing.due_at IS NOT NULL AND ticket.status IN ('verified', 'closed')"
    )
    return said + [f"C4 ticket {row['ticket']} has ended and has a step to come" for row in rows]


def _counted(histories: Histories, books: ClockBooks) -> list[str]:
    """C5: the clock of a ticket has done as many steps as its history since its last turn."""
    said = []
    for row in books.desk("SELECT ticket, steps, status FROM timing ORDER BY ticket"):
        if row["status"] in FINAL:
            continue
        count = 0
        for each in histories[row["ticket"]]:
            count = 0 if each["status"] else count + (_is_step(each) and not each["wished"])
        if count != row["steps"]:
            said.append(f"C5 ticket {row['ticket']}: {row['steps']} steps, {count} in its history")
    return said
