"""What people see on a terminal of 80 columns: whole words, nothing cut."""

from pathlib import Path

from sqlalchemy import update

from gateway.config.load import load
from store.tables import event
from store.visit import visit
from tests.cli.conftest import on_a_terminal

WIDTH = 80
LISTINGS = (
    ("tickets",), ("tickets", "100001"), ("queue",), ("queue", "TPM"), ("clock",),
    ("report", "--month", "2026-03"), ("mails",), ("outbox",), ("refusals",), ("sites",),
    ("members", "--all"), ("members", "check", "ada@atlas.example"),
)  # fmt: skip
MAILS = Path(__file__).parents[2] / "gateway" / "demo" / "mails"


def shown(office: Path, *args: object) -> list[str]:
    out = on_a_terminal(*args, "--config", office / "config.toml", columns=WIDTH)
    return out.replace("\x1b[1m", "").replace("\x1b[0m", "").replace("\r", "").splitlines()


def test_no_line_is_wider_unless_it_is_one_word(office: Path) -> None:
    for args in LISTINGS:
        lines = shown(office, *args)
        assert lines
        wide = [line for line in lines if len(line) > WIDTH and not line.lstrip().startswith("|")]
        assert [line for line in wide if len(line.split()) > 2] == [], args


def test_the_heading_of_an_entry_is_folded_like_the_rest(office: Path) -> None:
    writer = "Anastasia Konstantinopoulou-Example <anastasia@physics.example>"
    with visit(load(office / "config.toml").store.url) as store, store.writing() as conn:
        conn.execute(update(event).where(event.c.ticket == 100002).values(by=writer))
    lines = shown(office, "tickets", "100002")
    at = next(at for at, line in enumerate(lines) if line.startswith("1. 2026-03-02 12:00:00  "))
    heading = " ".join(line.strip() for line in lines[at : at + 2])
    assert f"opened, by {writer}, mail " in heading
    assert max(map(len, lines[at : at + 2])) <= WIDTH


def test_no_address_time_or_state_is_broken_for_a_column(office: Path) -> None:
    words = [word.rstrip(",") for line in shown(office, "members") for word in line.split()]
    assert {"ada.example@west-prod.example", "chiara@cms.example", "GLEN-UNI-01"} <= set(words)
    head, first, *rest = shown(office, "tickets")
    assert head.split()[:4] == ["ticket", "kind", "status", "priority"]
    assert {"assigned", "USER", "2026-03-02"} <= set(" ".join((first, *rest)).split())


def test_what_has_no_room_in_the_row_follows_below_under_its_head(office: Path) -> None:
    lines = shown(office, "mails")
    assert [line for line in lines if line.startswith("    reasons: ")]
    assert "reasons" not in lines[0]


def test_an_explanation_is_folded_between_words(office: Path) -> None:
    lines = shown(office, "explain", MAILS / "alarm.eml")
    assert all(len(line) <= WIDTH for line in lines)
    assert "sender: unproven sender (counts as: nobody)" in lines
    assert [line for line in lines if line.startswith("held: ")]
