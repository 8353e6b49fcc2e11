"""A TCP proxy before PostgreSQL that cuts a connection exactly at COMMIT."""

import socket
import threading
from contextlib import suppress

WAIT_S = 10.0


class Cutter:
    """Forwards to `port`. Once armed, it cuts the connection of the next COMMIT, and only that.

    "after": the server has committed and its answer is lost. "before": COMMIT never arrives.
    """

    def __init__(self, port: int) -> None:
        self._to = port
        self._armed = ""
        self._swallowed = threading.Event()
        self.cuts = 0
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, when: str) -> None:
        self._armed = when

    def close(self) -> None:
        self._door.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._door.accept()
                server = socket.create_connection(("127.0.0.1", self._to), WAIT_S)
                server.settimeout(None)
                gate = threading.Event()
                for work in (self._asks, self._answers):
                    args = (client, server, gate)
                    threading.Thread(target=work, args=args, daemon=True).start()

    def _asks(self, client: socket.socket, server: socket.socket, gate: threading.Event) -> None:
        with suppress(OSError), client, server:
            while data := client.recv(65536):
                if self._armed and b"COMMIT\0" in data:
                    when, self._armed = self._armed, ""
                    if when == "after":
                        gate.set()  # from here on answers are swallowed
                        server.sendall(data)
                        server.settimeout(WAIT_S)
                        self._swallowed.wait(WAIT_S)
                    self.cuts += 1
                    for one in (client, server):
                        with suppress(OSError):
                            one.shutdown(socket.SHUT_RDWR)
                    return
                server.sendall(data)

    def _answers(self, client: socket.socket, server: socket.socket, gate: threading.Event) -> None:
        with suppress(OSError), client, server:
            while data := server.recv(65536):
                if gate.is_set():
                    self._swallowed.set()
                    continue
                client.sendall(data)
