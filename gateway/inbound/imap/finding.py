"""One mail of our own, found by its Message-ID in the folders of a mailbox, and taken away again.

Rule: nothing but this one mail is read or touched. Whoever reads the mailbox meanwhile may have
moved it, so each look goes through all folders in the order in which a mail wanders. Raises Lost
when the server cannot be had.
"""

import time
from collections.abc import Iterator

from gateway.config.imap import Imap
from gateway.inbound.imap.connection import close, connect
from gateway.inbound.imap.folder import Folder
from gateway.inbound.imap.wire import Client
from parsers.errors import Refused

PAUSE_S = 0.5
MOST_BYTES = 256 * 1024
LOOKS = 10  # a mail can wander only so often while it is removed


class OwnMail:
    """The mail with this Message-ID, on a connection of its own."""

    def __init__(self, section: Imap, message_id: str) -> None:
        self._folders = (section.folder, section.done_folder, section.refused_folder)
        self._message_id = message_id
        self._client = connect(section)

    def wait(self, wait_s: float) -> bytes | None:
        """Return the mail as it lies there, as soon as it does; None when the time is over."""
        until = time.monotonic() + wait_s
        while True:
            for folder, uids in self._copies():
                bodies = folder.bodies(uids[:1], MOST_BYTES)
                if bodies:
                    return bodies[uids[0]]
            if time.monotonic() >= until:
                return None
            time.sleep(PAUSE_S)

    def remove(self) -> str:
        """Take every copy away; return "", or why one is left."""
        for _ in range(LOOKS):
            copies = list(self._copies())
            if not copies:
                return ""
            for folder, uids in copies:
                try:
                    folder.select()  # another one was opened since
                    folder.remove(uids)
                except Refused as no:
                    return f"{folder.name}: {no.detail}"
        return "somebody moves it about"

    def close(self) -> None:
        """Leave the server."""
        close(self._client)

    def _copies(self) -> Iterator[tuple[Folder, list[int]]]:
        for name in self._folders:
            folder = _opened(self._client, name)
            uids = folder.with_message_id(self._message_id) if folder is not None else []
            if folder is not None and uids:
                yield folder, uids


def _opened(client: Client, name: str) -> Folder | None:
    folder = Folder(client, name)
    try:
        folder.select()
    except Refused:
        return None  # it is not there
    return folder
