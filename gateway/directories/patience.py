"""How long we wait for one answer as a whole, from the first byte we send to the last that comes.

Rule: when the time is over the connection is cut from beside, whatever is read on it just then.
It knows nothing of what is asked.
"""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

_CONNECTED = frozenset({"connection.connect_tcp.complete", "connection.start_tls.complete"})


class TooSlow(Exception):  # noqa: N818 - the client turns it into its own word
    """The connection has been cut, because the answer took too long."""


class Patience:
    """Cuts the connection when an answer takes too long as a whole.

    The client's own timeout is for each read: a server that drips header lines never meets it.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._socket: socket.socket | None = None
        self._is_cut = False

    @contextmanager
    def over(self) -> Iterator[dict[str, Any]]:
        """For the length of a block watch one answer; give what the client must be told.

        Raises TooSlow for whatever the cut connection makes of the block.
        """
        self._is_cut = False
        timer = threading.Timer(self._timeout_s, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield {"trace": self._note}
        except Exception as error:
            if self._is_cut:
                raise TooSlow from error
            raise
        finally:
            timer.cancel()
            timer.join()

    def _note(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember the newest connection; later answers may come by the same one."""
        if event in _CONNECTED:
            self._socket = info["return_value"].get_extra_info("socket")
            if self._is_cut:
                self._cut()

    def _cut(self) -> None:
        self._is_cut = True
        if self._socket is not None:
            with suppress(OSError):  # it is closed already
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
