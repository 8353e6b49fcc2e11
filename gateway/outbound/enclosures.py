"""Which files of the original mail travel with a notice, and which stay with the ticket.

Rule: what does not travel is named to the reader, with a link when there is one; a signature of the
mail is nothing that a reader of ours could use. Nothing is unpacked or judged by its name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from parsers.files import attachments_of
from templates.message import Enclosure
from templates.render import LeftOut


@dataclass(frozen=True, slots=True)
class Travelling:
    """The files that go along, and those that stay; each in the order of the mail."""

    enclosures: tuple[Enclosure, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def travelling(
    raw: bytes | None, listed: object, limit_bytes: int, link: Callable[[int], str]
) -> Travelling:
    """Choose the files that fit into `limit_bytes` together, first come first served.

    `raw` None is a mail that is no longer kept: then the files are those that were `listed` in the
    values, and none travels. `link` gives the link to a file by its index, "" for none.
    """
    if raw is None:
        return Travelling(left_out=_only_listed(listed))
    enclosures: list[Enclosure] = []
    left_out: list[LeftOut] = []
    room = limit_bytes
    for file, data in attachments_of(raw):
        if file.signature:
            continue
        if len(data) <= room:
            room -= len(data)
            enclosures.append(Enclosure(file.filename, file.content_type, data))
        else:
            left_out.append(LeftOut(file.filename, file.size, link(file.index)))
    return Travelling(tuple(enclosures), tuple(left_out))


def _only_listed(listed: object) -> tuple[LeftOut, ...]:
    files = listed if isinstance(listed, list) else []
    return tuple(
        LeftOut(str(file.get("name", "")), int(file.get("size", 0)))
        for file in files
        if isinstance(file, Mapping)
    )
