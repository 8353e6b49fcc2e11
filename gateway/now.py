"""The wall clock: the one place where the program asks for the time of day."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time of the wall clock, aware UTC."""
    return datetime.now(UTC)
