"""`explain` and `work` never disagree: for any story of mails, what is said is what is written."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import postgres
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from stage import Stage

from router.decision import Decision
from store.tables import event, outbox, ticket

WORLD = Path(__file__).parents[1] / "worlds" / "wlcg.toml"
NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)

SENDERS = ("Anna <anna@physics.example>", "bob@roc.example", "x@y.example, z@y.example", "")
RECIPIENTS = (
    ("support@helpdesk.example",),
    ("team@helpdesk.example",),
    ("alarm@helpdesk.example", "support@helpdesk.example"),
    ("reply+nonsense@helpdesk.example",),
)
BLOCKS = (
    "",
    "Site: FZK-LCG2\n\n",
    "Site: NL-T1\nVO: atlas\n\n",
    "Assign to: VOSupport\nPriority: urgent\n\n",
    "Site: pic\nAssign to: TPM\nCc: eve@unit.example\n\n",
    "Status: solved\n\n",
)
SUBJECTS = ("Trouble", "[pic] slow", "Re: GGUS-Ticket-ID: #100001", "INFN-T1 down", "Ünïcode ☃", "")
HEADERS = ("", "Auto-Submitted: auto-generated\n", "X-Ticketgate-Loop: helpdesk.example\n")

MAILS = st.fixed_dictionaries(
    {
        "sender": st.sampled_from(SENDERS),
        "to": st.sampled_from(RECIPIENTS),
        "block": st.sampled_from(BLOCKS),
        "subject": st.sampled_from(SUBJECTS),
        "header": st.sampled_from(HEADERS),
        "number": st.integers(0, 3),
        "answers": st.none() | st.integers(0, 3),
        "peer": st.sampled_from(("127.0.0.1", "192.0.2.7")),
        "text": st.text(max_size=40),
    }
)


@pytest.fixture(scope="module")
def template() -> Iterator[Path]:
    """A store that is upgraded once and copied for each example."""
    with tempfile.TemporaryDirectory(prefix="tg-") as name:
        Stage(Path(name), WORLD, NOW).close()
        yield Path(name)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=st.lists(MAILS, min_size=1, max_size=5))
def test_what_explain_says_is_what_work_writes(
    template: Path, kind: str, story: list[dict]
) -> None:
    with ExitStack() as stack:
        place = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tg-")))
        store_url = stack.enter_context(postgres.database()) if kind == "postgresql" else ""
        for path in template.glob("*.db"):
            shutil.copy(path, place)
        stage = Stage(place, WORLD, NOW, store_url)
        for one in story:
            raw = as_mail(one)
            envelope = stage.envelope(raw, one["to"], "env@x.example", one["peer"])
            told = stage.explain(raw, envelope)
            before = written(stage)
            number = stage.keep(raw, envelope)
            stage.work()
            row = stage.mail(number)
            assert row["outcome"] == str(told[0].outcome)
            assert row["reasons"] == list(dict.fromkeys(str(r) for d in told for r in d.reasons))
            new = {key: rows for key, rows in written(stage).items() if key not in before}
            assert sorted(map(str, new.values())) == sorted(map(str, foretold(told)))
        stage.close()


def as_mail(one: dict) -> bytes:
    lines = [f"Message-ID: <m{one['number']}@x.example>", f"Subject: {one['subject']}"]
    if one["sender"]:
        lines.append(f"From: {one['sender']}")
    if one["answers"] is not None:
        lines.append(f"In-Reply-To: <m{one['answers']}@x.example>")
    head = "\r\n".join(lines) + "\r\n" + one["header"].replace("\n", "\r\n")
    text = (one["block"] + one["text"]).replace("\r", " ").replace("\n", "\r\n")
    return (head + "\r\n" + text + "\r\n").encode()


def written(stage: Stage) -> dict[object, tuple[object, ...]]:
    """Return every history entry and outgoing mail, by its key."""
    rows: dict[object, tuple[object, ...]] = {}
    with stage.store.reading() as conn:
        for e in conn.execute(select(event)):
            rows["event", e.ticket, e.number] = ("event", e.kind, e.by, e.text, tuple(e.reasons))
        for o in conn.execute(select(outbox)):
            rows["outbox", o.id] = ("mail", o.kind, o.recipient, o.audience, repr(o.values))
        for t in conn.execute(select(ticket)):
            rows["ticket", t.number, t.version] = (
                "ticket", t.kind, t.wanted, t.status, t.held, t.support_unit, t.notified_site, t.vo,
            )  # fmt: skip
    return rows


def foretold(decisions: tuple[Decision, ...]) -> list[tuple[object, ...]]:
    """Return the same as `written`, from decisions that were only explained."""
    rows: list[tuple[object, ...]] = []
    for one in decisions:
        for e in one.events:
            reasons = tuple(str(r) for r in e.reasons)
            rows.append(("event", str(e.kind), e.by, e.text, reasons))
        for o in one.outgoing:
            values = repr(dict(o.values))
            rows.append(("mail", str(o.kind), o.recipient, str(o.audience), values))
        t = one.ticket
        if t is not None:
            held = str(t.held) if t.held else None
            rows.append(
                ("ticket", str(t.kind), str(t.wanted), str(t.status), held, t.support_unit,
                 t.notified_site, t.vo)
            )  # fmt: skip
    return rows
