"""Fetching sizes and bytes: every mail that was asked for is had, gone or refused, never dropped.

Rule: what a server leaves out of an answer is asked for once more, as a question whether it is
still there. A server that says no to several mails is asked for each of them alone, so that one of
them does not take the others with it. Raises Lost like `folder`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gateway.inbound.imap.folder import Folder, Listed
from parsers.errors import Refused

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What became of the mails that were asked for, by UID; `refused` says why."""

    had: dict[int, T]
    gone: tuple[int, ...] = ()
    refused: dict[int, str] = field(default_factory=dict)


def list_sizes(folder: Folder, uids: Sequence[int]) -> Answer[Listed]:
    """Ask for size and arrival of mails."""
    try:
        return _sorted_out(folder, uids, folder.sizes(uids), "the server gives no size")
    except Refused as no:
        if len(uids) == 1:
            return Answer({}, refused={uids[0]: no.detail})
    had: dict[int, Listed] = {}
    gone: list[int] = []
    refused: dict[int, str] = {}
    for uid in uids:
        one = list_sizes(folder, [uid])
        had |= one.had
        gone += one.gone
        refused |= one.refused
    return Answer(had, tuple(gone), refused)


def fetch(
    folder: Folder, uids: Sequence[int], most_bytes: int, *, empty_is_right: bool
) -> Answer[bytes] | None:
    """Ask for the bytes of mails; None when the server says no to several at once.

    A mail without bytes counts as refused unless `empty_is_right`. Raises TooBig.
    """
    try:
        found = folder.bodies(uids, most_bytes)
    except Refused as no:
        return Answer({}, refused={uids[0]: no.detail}) if len(uids) == 1 else None
    had = {uid: raw for uid, raw in found.items() if raw or empty_is_right}
    return _sorted_out(folder, uids, had, "the server returned nothing")


def _sorted_out(folder: Folder, uids: Sequence[int], had: Mapping[int, T], why: str) -> Answer[T]:
    missing = [uid for uid in uids if uid not in had]
    there = folder.still_there(missing) if missing else set()
    return Answer(
        dict(had),
        tuple(uid for uid in missing if uid not in there),
        {uid: why for uid in missing if uid in there},
    )
