"""What the tables are made of: their two groups, names for constraints, and types of our own."""

from datetime import UTC, datetime

from sqlalchemy import Integer, MetaData, String, TypeDecorator
from sqlalchemy.engine import Dialect
from sqlalchemy.types import BigInteger

_NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
JOURNAL = MetaData(naming_convention=_NAMES)
DESK = MetaData(naming_convention=_NAMES)

Id = BigInteger().with_variant(Integer, "sqlite")


class UtcTime(TypeDecorator[datetime]):
    """Aware UTC in Python, sortable text in the database. A naive time is a ValueError."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Write an aware time as text."""
        del dialect
        return None if value is None else time_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:
        """Read text as an aware time."""
        del dialect
        return None if value is None else datetime.fromisoformat(value)


def time_text(moment: datetime) -> str:
    """Return an aware time as it stands in the database, for prepared SQL; raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError(f"naive time {moment!r}")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
