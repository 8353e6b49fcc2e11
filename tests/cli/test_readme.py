"""README.md as it is typed: a ticket, a supporter who steers it by mail, and its submitter."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from running import until

from tests.alarms.demo import ROOT, Demo, blocks

TICKET = 100001
ADA, NORA, UNIT = "ada@atlas.example", "nora@ngi-north.example", "helpdesk@ngi-north.example"
SITE = ["admins@fjell.example", "ops@fjell.example"]
EVERYBODY = sorted([ADA, UNIT, *SITE])
# What each sample is: by whom, how the ticket stands after it, what has changed, who is mailed
# what, and what one of them reads.
WAY: tuple[tuple[str, str, str, set[str], dict[str, list[str]], str, str], ...] = (
    ("supporter-question", NORA, "waiting for reply", {"status"},
     {"update": EVERYBODY}, ADA, "Does it still happen?"),
    ("reply", ADA, "in progress", {"status"},
     {"update": sorted([UNIT, *SITE])}, UNIT, "status: waiting for reply -> in progress"),
    ("supporter-wrong", NORA, "in progress", {"priority"},
     {"update": EVERYBODY, "refusal": [NORA]}, NORA,
     "possible now: waiting for reply, on hold, solved, unsolved."),
    ("supporter-solution", NORA, "solved", {"status", "solution"},
     {"solution": EVERYBODY}, ADA, 'If it is solved for you, too, answer with "Verify: yes"'),
    ("verify", ADA, "verified", {"status"},
     {"update": sorted([UNIT, *SITE]), "followed": [ADA]}, ADA, "and so closed for good"),
)  # fmt: skip


@pytest.fixture
def demo(place: Path) -> Iterator[Demo]:
    made = Demo(place)
    yield made
    made.stop()


@pytest.mark.timeout(600)  # a minute and more on a busy machine
def test_a_stranger_steers_a_ticket_by_mail_as_the_readme_says(demo: Demo) -> None:
    """Nothing is waited for between the commands but what they wait for themselves."""
    demo.start()
    _, first, steer, desk, _ = blocks("A first ticket", ROOT / "README.md")
    for line in first.splitlines():
        demo.typed(line)
    lines = steer.splitlines()
    typed = {line.split("#")[0].strip(): demo.typed(line) for line in lines[:-2]}
    queued = typed[".venv/bin/ticketgate queue NGI_NORTH"]
    assert f"{TICKET}" in queued
    assert "in progress" in queued

    demo.decided(3 + len(WAY))
    story = demo.story(TICKET)
    steps = story["history"][-len(WAY) :]
    told = sent(demo, story)
    status = "assigned"
    for step, (_, by, after, changed, mailed, reader, says) in zip(steps, WAY, strict=True):
        assert by in step["by"]
        assert {field for field, _, _ in step["changes"]} == changed
        status = next((new for field, _, new in step["changes"] if field == "status"), status)
        assert status == after
        assert ("proven by S/MIME" in step["reasons"]) is (by == NORA)
        assert step["attachments"] == []
        assert "wrote:" not in step["text"]  # what the helpdesk wrote before is cut off
        assert not any("wrote:" in new for _, _, new in step["changes"])
        mine = [one for one in story["outgoing"] if one["event"] == step["number"]]
        got: dict[str, list[str]] = {}
        for one in mine:
            got.setdefault(one["kind"], []).append(one["recipient"])
        assert {kind: sorted(readers) for kind, readers in got.items()} == mailed
        assert any(says in told[one["message_id"]] for one in mine if one["recipient"] == reader)

    tickets, cat = lines[-2:]
    shown = demo.typed(tickets)
    assert "status         verified" in shown
    assert "priority       very urgent" in shown
    assert "wrote:" not in shown
    back = demo.typed(cat)
    assert back.count("Subject: GGUS-Ticket-ID: #100001 NOT DONE") == 1
    assert "How this was decided" not in back
    assert not any("p7s" in text for text in told.values())
    for kind in ("supporter-solution", "verify"):
        again = demo.typed(f".venv/bin/ticketgate send-sample {kind}", good=False)
        assert again.startswith(f"{kind}: there is no "), again

    solve, clock = desk.splitlines()
    demo.typed(solve)
    assert "100002" in demo.typed(clock)


def sent(demo: Demo, story: dict[str, Any]) -> dict[str, str]:
    """Wait until the ticket's mails have left; return the words of each, by its Message-ID."""
    wanted = {one["message_id"] for one in story["outgoing"]}

    def left() -> dict[str, str]:
        found = {}
        for path in (demo.run / "outgoing" / "new").iterdir():
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            body = mail.get_body(("plain",))
            words = " ".join(body.get_content().split()) if body else ""
            names = [str(part.get_filename()) for part in mail.walk() if part.get_filename()]
            found[str(mail["Message-ID"])] = " ".join([words, *names])
        return found if wanted <= set(found) else {}

    mails: dict[str, str] = until(left, f"all mails have left: {demo.tail()}")
    return mails
