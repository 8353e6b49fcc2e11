"""Ports for servers that have to be told one, and for "nobody listens there".

A port that the kernel chose and got back may be another's a moment later: every connection takes
one from the same range. So these lie below that range, and each test process has some of its own.
"""

import os
import random
import socket
from contextlib import ExitStack
from itertools import count

_FIRST, _EACH, _PROCESSES = 12_000, 1_000, 20
_turns = count(random.SystemRandom().randrange(_EACH))


def free_port() -> int:
    """Return a port on loopback that neither TCP nor UDP uses, another one each time."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _PROCESSES
    for _ in range(_EACH):
        port = _FIRST + worker * _EACH + next(_turns) % _EACH
        with ExitStack() as probes:
            try:
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    probe = probes.enter_context(socket.socket(type=kind))
                    probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")
