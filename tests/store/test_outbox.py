from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import text

from router.words import Audience, MailKind
from store import outbox
from store.engine import Store, open_store
from store.outbox import OutboxRow
from tests.outbound.rows import NOW, add_row, row_of, states

UNTIL = NOW + timedelta(minutes=30)


def claim(store: Store, by: str = "one", limit: int = 10, **more: object) -> list[OutboxRow]:
    with store.writing() as conn:
        given = {"now": NOW, "until": UNTIL, **more}
        return outbox.claim(conn, by=by, limit=limit, **given)  # type: ignore[arg-type] # as given


def test_a_claimed_row_comes_with_all_that_its_mail_is_made_of(store: Store) -> None:
    add_row(store, 7, kind="site-notification", audience="site", attachments_of=3)
    (row,) = claim(store)
    assert row.id == 7
    assert row.kind is MailKind.SITE_NOTIFICATION
    assert row.audience is Audience.SITE
    assert row.in_reply_to == ("<first@lab.example>",)
    assert row.date == NOW
    assert row.values["subject"]
    assert row.attempts == 1
    assert (row.claimed_by, row.claimed_until) == ("one", UNTIL)


def test_lower_lanes_go_first_and_then_what_has_waited_longest(store: Store) -> None:
    add_row(store, 1, lane=2)
    add_row(store, 2, lane=2, due_at=NOW - timedelta(hours=1))
    add_row(store, 3, lane=1)
    add_row(store, 4, lane=0)
    assert [row.id for row in claim(store, limit=3)] == [4, 3, 2]
    assert [row.id for row in claim(store)] == [1]


def test_a_row_not_due_and_a_lane_not_asked_for_stay(store: Store) -> None:
    add_row(store, 1, due_at=NOW + timedelta(seconds=1))
    add_row(store, 2, lane=0)
    assert claim(store, lanes=(1, 2)) == []
    with store.reading() as conn:
        assert outbox.next_due(conn, (1, 2)) == NOW + timedelta(seconds=1)
        assert outbox.next_due(conn) == NOW


def test_a_claimed_row_is_nobody_elses_until_the_claim_expires(store: Store) -> None:
    add_row(store)
    (mine,) = claim(store, "one")
    assert claim(store, "two") == []
    with store.reading() as conn:
        assert outbox.next_due(conn) == UNTIL
    (theirs,) = claim(store, "two", now=UNTIL, until=UNTIL + timedelta(minutes=30))
    assert theirs.attempts == 2
    with store.writing() as conn:  # the first one slept too long
        assert not outbox.sent(conn, mine, UNTIL)
        assert not outbox.failed(conn, mine, "late")
        assert not outbox.postpone(conn, mine, UNTIL, "late")
        assert not outbox.hand_back(conn, mine)
        assert outbox.sent(conn, theirs, UNTIL)
    assert row_of(store)["state"] == "sent"
    assert row_of(store)["sent_at"] == UNTIL


def test_a_claim_renewed_under_the_same_name_is_another_claim(store: Store) -> None:
    add_row(store)
    (before,) = claim(store, "one")
    with store.writing() as conn:
        assert outbox.release_claims(conn, "one", NOW) == 1
    later = UNTIL + timedelta(seconds=1)
    (after,) = claim(store, "one", until=later)
    with store.writing() as conn:
        assert not outbox.sent(conn, before, NOW)
        assert outbox.sent(conn, after, NOW)


def test_a_postponed_row_is_due_later_and_says_why(store: Store) -> None:
    add_row(store)
    (row,) = claim(store)
    again = NOW + timedelta(minutes=1)
    with store.writing() as conn:
        assert outbox.postpone(conn, row, again, "450 later " + "x" * 1000)
    kept = row_of(store)
    assert (kept["state"], kept["due_at"], kept["attempts"]) == ("waiting", again, 1)
    assert kept["claimed_by"] is None
    assert len(kept["last_error"]) == outbox.ERROR_CHARS


def test_an_attempt_that_said_nothing_about_the_row_does_not_count(store: Store) -> None:
    add_row(store, 1)
    add_row(store, 2)
    first, second = claim(store)
    with store.writing() as conn:
        assert outbox.postpone(conn, first, NOW, "relay down", counts=False)
        assert outbox.hand_back(conn, second)
    assert [row_of(store, i)["attempts"] for i in (1, 2)] == [0, 0]


def test_a_failed_row_stays_and_an_operator_can_send_it_again(store: Store) -> None:
    add_row(store)
    (row,) = claim(store)
    give_up_at = NOW + timedelta(days=9)
    with store.writing() as conn:
        assert not outbox.retry(conn, 1, now=NOW, give_up_at=give_up_at)
        assert outbox.failed(conn, row, "550 no such user")
        assert row_of_error(conn) == ("failed", "550 no such user")
        assert outbox.retry(conn, 1, now=NOW, give_up_at=give_up_at)
    (again,) = claim(store)
    assert (again.attempts, again.give_up_at) == (1, give_up_at)
    assert again.message_id == row.message_id


def row_of_error(conn: object) -> tuple[str, str]:
    found = conn.execute(text("SELECT state, last_error FROM outbox"))  # type: ignore[attr-defined] # any connection
    return tuple(found.one())


def test_a_restarted_courier_takes_back_its_own_claims_only(store: Store) -> None:
    add_row(store, 1)
    add_row(store, 2)
    claim(store, "one", limit=1)
    claim(store, "two", limit=1)
    with store.writing() as conn:
        assert outbox.release_claims(conn, "one", NOW) == 1
    assert states(store) == {1: "waiting", 2: "claimed"}


def test_a_row_claimed_at_several_crashes_lets_the_others_go_first(store: Store) -> None:
    add_row(store, 1)
    for _ in range(outbox.LONE_ATTEMPTS):
        claim(store, "one", limit=1)
        with store.writing() as conn:
            outbox.release_claims(conn, "one", NOW)
    add_row(store, 2)
    assert [row.id for row in claim(store, limit=1)] == [2]
    assert row_of(store, 1)["due_at"] == NOW + outbox.CRASH_PAUSE


def test_rows_whose_time_is_over_can_be_taken_to_be_given_up(store: Store) -> None:
    add_row(store, 1, give_up_at=NOW)
    add_row(store, 2, give_up_at=NOW + timedelta(seconds=1))
    add_row(store, 3, give_up_at=NOW, due_at=NOW + timedelta(minutes=1))
    with store.writing() as conn:
        rows = outbox.claim_overdue(conn, by="one", now=NOW, until=UNTIL, limit=9)
    assert [row.id for row in rows] == [1]


def test_three_claimers_never_take_the_same_row(store: Store) -> None:
    for row_id in range(1, 61):
        add_row(store, row_id)
    others = [open_store(store.url) for _ in range(2)]

    def take_all(name: str, mine: Store) -> list[int]:
        taken: list[int] = []
        while rows := claim(mine, name, limit=4):
            taken += [row.id for row in rows]
        return taken

    with ThreadPoolExecutor(3) as pool:
        takes = [pool.submit(take_all, f"c{i}", s) for i, s in enumerate([store, *others])]
        taken = [row_id for take in takes for row_id in take.result()]
    for other in others:
        other.close()
    assert sorted(taken) == list(range(1, 61))


def test_finding_the_next_row_walks_no_table(sqlite_store: Store) -> None:
    with sqlite_store.reading() as conn:
        plan = conn.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT id FROM outbox WHERE state = 'waiting' AND lane = 2 "
                "AND due_at <= 'x' ORDER BY due_at, id LIMIT 4"
            )
        ).all()
    assert "ix_outbox_due" in str(plan)
    assert "TEMP B-TREE" not in str(plan)
