"""The invariants: the senders' history on one side, the books on the other.

Each check returns sentences, none when all is well. Names as in the literature on such checkers:
lost, duplicate and phantom; a mail of unknown outcome may be there or not.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from torture.books import Books, Row, as_list, outcome_counts
from torture.history import DEFERRED, NOBODY, OK, REFUSED, UNKNOWN, History, Letter

SHOWN = 5
Check = Callable[[History, Books], list[str]]


def lost_duplicate_phantom(history: History, books: Books) -> list[str]:
    """I1, I2: a 250 is exactly one event, an unknown outcome none or one, all else none."""
    ids = _deliveries(books)
    events = Counter(row["mail"] for row in books.desk("SELECT mail FROM event"))
    letters = {letter.sha256: letter for letter in history.letters()}
    lost, twice, phantom, miscounted, misnamed = [], [], [], [], []
    for sha256, letter in letters.items():
        found = ids.get(sha256, [])
        number = sum(events[mail] for mail in found)
        ok, unknown = letter.count(OK), letter.count(UNKNOWN) + letter.count(DEFERRED)
        if number > 1:
            twice.append(letter)
        if ok and not number:
            lost.append(letter)
        if found and not ok and not unknown:
            phantom.append(letter)
        if not ok <= len(found) <= ok + unknown:
            miscounted.append(letter)
        if not {a.kept_as for a in letter.attempts if a.kept_as} <= set(found):
            misnamed.append(letter)
    strange = set(ids) - set(letters)
    return [
        *_said("I1 lost", lost),
        *_said("I1 duplicate", twice),
        *_said("I2 phantom", phantom),
        *_said("I1 more or fewer deliveries than answers for", miscounted),
        *_said("I3 another mail under the number that the 250 named for", misnamed),
        *([f"I2 {len(strange)} deliveries of bytes that nobody sent"] if strange else []),
    ]


def bytes_as_sent(history: History, books: Books) -> list[str]:
    """I3: what is kept are the bytes that were sent."""
    del history  # digests as sent are compared in I1; here the bytes with their digests
    wrong = books.wrong_digests()
    return [f"I3 raw mails {wrong[:SHOWN]} are not what their digest says"] if wrong else []


def threads_hold(history: History, books: Books) -> list[str]:
    """I7: event numbers without a gap, and a reply stands in the ticket of what it answers.

    One to a ticket that had ended by then opens another.
    """
    numbers: dict[int, list[int]] = defaultdict(list)
    for row in books.desk("SELECT ticket, number FROM event ORDER BY ticket, number"):
        numbers[row["ticket"]].append(row["number"])
    said = [
        f"I7 ticket {row['number']}: events {numbers[row['number']][:20]}"
        for row in books.desk("SELECT number, last_event FROM ticket")
        if numbers[row["number"]] != list(range(1, row["last_event"] + 1))
    ]
    ids, threads = _deliveries(books), books.threads()
    ended, at = _ends(books)

    def tickets(letter: Letter) -> set[int]:
        return {threads[mail][0] for mail in ids.get(letter.sha256, []) if mail in threads}

    apart = [
        letter
        for letter in history.letters()
        if letter.answers is not None
        and tickets(letter)
        and tickets(letter) != tickets(letter.answers)
        and not any(
            ended.get(ticket, "never") <= at[mail]
            for ticket in tickets(letter.answers)
            for mail in ids[letter.sha256]
            if mail in at
        )
    ]
    return said + _said("I7 not in the ticket of what it answers:", apart)


def conservation(history: History, books: Books) -> list[str]:
    """I8, I9: deliveries, inbox rows, outcomes, refusals and counters all say the same."""
    said: list[str] = []

    def same(what: str, one: object, other: object) -> None:
        if one != other:
            said.append(f"I9 {what}: {one} and {other}")

    deliveries = {row["id"] for row in books.journal("SELECT id FROM delivery")}
    inbox = books.desk("SELECT mail, state, outcome FROM inbox")
    same("deliveries and inbox", deliveries, {row["mail"] for row in inbox})
    same("mails not done", Counter(), Counter(r["state"] for r in inbox if r["state"] != "done"))
    counters = books.desk("SELECT name, value FROM counter")
    rows = Counter(row["outcome"] for row in inbox)
    same("outcomes counted and outcome rows", outcome_counts(counters, "outcome."), dict(rows))
    kept = outcome_counts(books.journal("SELECT name, value FROM journal_counter"), "")
    same("accepted and deliveries", kept.get("accepted", 0), len(deliveries))
    listed = len(books.journal("SELECT id FROM refusal"))
    counted = kept.get("refused", 0) + kept.get("refused_recipients", 0)
    unlisted = kept.get("refusals_only_counted", 0)
    same("refusals counted and listed", counted, listed + unlisted)
    refused = [letter for letter in history.letters() if letter.count(REFUSED)]
    wrongly = [letter for letter in refused if letter.to != NOBODY]
    events = {row["mail"] for row in books.desk("SELECT mail FROM event") if row["mail"]}
    same("tickets opened and new mails", _opened(books), rows["new"] + rows["held"])
    eventful = {r["mail"] for r in inbox if r["outcome"] != "duplicate"}
    same("mails with an event and mails that are no duplicate", events, eventful)
    return said + _said("a 5xx for a mail that deserved none:", wrongly)


def everything_was_sent(history: History, books: Books) -> list[str]:
    """I4: each outgoing row is a mail in the maildir, with a Message-ID of its own."""
    del history
    files = books.sent_mails()
    rows = books.desk("SELECT id, state, message_id, attempts, due_at, last_error FROM outbox")
    said = [f"I4 {len(paths)} files hold {one}" for one, paths in files.items() if len(paths) > 1]
    missing = [r for r in rows if r["state"] == "sent" and r["message_id"] not in files]
    said += _rows("I4 marked as sent and not in the maildir:", missing)
    said += _rows("I4 given up:", [r for r in rows if r["state"] == "failed"])
    said += _rows("I12 still claimed:", [r for r in rows if r["state"] == "claimed"])
    strange = set(files) - {row["message_id"] for row in rows}
    return said + ([f"I4 {len(strange)} mails in the maildir without a row"] if strange else [])


CHECKS: tuple[Check, ...] = (
    lost_duplicate_phantom,
    bytes_as_sent,
    threads_hold,
    conservation,
    everything_was_sent,
)


def violations(history: History, books: Books) -> list[str]:
    """Return everything that is wrong, none when nothing is."""
    return [sentence for check in CHECKS for sentence in check(history, books)]


def _deliveries(books: Books) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for row in books.journal("SELECT id, sha256 FROM delivery ORDER BY id"):
        found[row["sha256"]].append(row["id"])
    return found


def _ends(books: Books) -> tuple[dict[int, str], dict[int, str]]:
    """Return when each ticket ended, and when each mail came into a history."""
    rows = books.desk("SELECT ticket, mail, at, changes FROM event ORDER BY ticket, number")
    ended = {
        row["ticket"]: row["at"]
        for row in rows
        if any(new in {"verified", "closed"} for _, _, new in as_list(row["changes"]))
    }
    return ended, {row["mail"]: row["at"] for row in rows if row["mail"]}


def _opened(books: Books) -> int:
    return books.number("SELECT count(*) FROM ticket")


def _said(what: str, letters: list[Letter]) -> list[str]:
    if not letters:
        return []
    shown = ", ".join(
        f"{one.kind} {one.number} [{' | '.join(f'{a.how} {a.reply}' for a in one.attempts[-4:])}]"
        for one in letters[:SHOWN]
    )
    return [f"{what} {len(letters)} mails: {shown}"]


def _rows(what: str, rows: Iterable[Row]) -> list[str]:
    found = list(rows)
    return [f"{what} {len(found)} rows: {found[:SHOWN]}"] if found else []
