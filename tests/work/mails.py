"""Mails that are kept for the `work` role, and what is counted afterwards."""

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Table, func, select
from stage import Stage

ROOT = Path(__file__).parents[2]


WORLD = ROOT / "tests" / "worlds" / "wlcg.toml"


NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)


TO = ("support@helpdesk.example",)


def keep(stage: Stage, number: int, subject: str = "Trouble", to: tuple[str, ...] = TO) -> int:
    raw = (
        f"From: anna@physics.example\r\nMessage-ID: <{number}@physics.example>\r\n"
        f"Subject: {subject}\r\n\r\nText {number}.\r\n"
    ).encode()
    return stage.keep(raw, stage.envelope(raw, to, "anna@physics.example", "127.0.0.1"))


def total(stage: Stage, table: Table) -> int:
    with stage.store.reading() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()
