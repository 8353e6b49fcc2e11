"""The tables of the desk that are about tickets which hang together.

They lie beside those of `store.tables`, and are written with the decision that they belong to.
"""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

from store.columns import DESK, UtcTime

# A row for each relation, with the word of one side: what `other` is to `ticket`. It is the side
# that is below; of a cross reference, that of the lower number. Rows go when a relation ends; that
# it was there stands in both histories.
relation = Table(
    "relation",
    DESK,
    Column("ticket", ForeignKey("ticket.number"), primary_key=True),
    Column("what", String(16), primary_key=True),
    Column("other", ForeignKey("ticket.number"), primary_key=True),
    Column("since", UtcTime, nullable=False),
    Index("ix_relation_other", "other"),
)

# Entries of a history that were moved: they stay where they are, and stand in another one again.
moved_entry = Table(
    "moved_entry",
    DESK,
    Column("ticket", ForeignKey("ticket.number"), primary_key=True),
    Column("entry", Integer, primary_key=True),
    Column("to_ticket", ForeignKey("ticket.number"), nullable=False),
    Column("to_entry", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Index("ix_moved_entry_to", "to_ticket", "to_entry"),
)
