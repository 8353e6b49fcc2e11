"""Listening sockets: bound here once, for every door and page, on HOST:PORT or a unix path.

Rule: a fault names the door, the address and what to do. A path that a killed process left is
taken over; one that answers, or is no socket, never is. A socket that the service manager handed
over (gateway.processes.handed) is used as it is and left as it was. Nothing here accepts or speaks.
"""

import grp
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

UNIX = "unix:"
PROBE_TIMEOUT_S = 1.0


@contextmanager
def bound(
    name: str, listen: str, group: str = "", *, handed: int | None = None
) -> Iterator[tuple[socket.socket, str]]:
    """Give a bound socket and its address in the form of `listen`; closed at the end.

    `handed` is the descriptor of one that is open already: then nothing is bound, and at the end
    only our copy is closed.

    `listen` is HOST:PORT (port 0: any free one), [IPV6]:PORT or unix:PATH. A unix socket may be
    used by its owner and by `group`; "" is the group that the directory gives. Raises OSError with
    a sentence for the operator.
    """
    if handed is not None:
        with socket.socket(fileno=handed) as door:
            yield door, _said(door)
        return
    door = _bind_path(name, listen, group) if listen.startswith(UNIX) else _bind(name, listen)
    with door:
        try:
            yield door, _said(door)
        finally:
            if listen.startswith(UNIX):
                Path(listen.removeprefix(UNIX)).unlink(missing_ok=True)


def _bind(name: str, listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    try:
        found = socket.getaddrinfo(
            host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        family, kind, protocol, _, address = found[0]
        door = socket.socket(family, kind, protocol)
    except OSError as error:
        raise OSError(error.errno, f"{name} cannot listen on {listen}: {error.strerror}") from None
    try:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        door.bind(address)
    except OSError as error:
        door.close()
        raise OSError(error.errno, f"{name} cannot listen on {listen}: {error.strerror}") from None
    return door


def _bind_path(name: str, listen: str, group: str) -> socket.socket:
    path = Path(listen.removeprefix(UNIX))
    door = socket.socket(socket.AF_UNIX)
    try:
        _remove_dead_socket(path)
        door.bind(str(path))
        if group:
            os.chown(path, -1, grp.getgrnam(group).gr_gid)
        path.chmod(0o660)
    except KeyError:
        door.close()
        path.unlink(missing_ok=True)
        raise OSError(f"{name}: there is no group {group!r} on this machine") from None
    except OSError as error:
        door.close()
        if isinstance(error, PermissionError) and group and path.is_socket():
            path.unlink(missing_ok=True)
            why = f"it may not be given to group {group}: the daemon's user must be in it"
        else:
            why = error.strerror or str(error)
        raise OSError(error.errno, f"{name} cannot listen on {listen}: {why}") from None
    return door


def _said(door: socket.socket) -> str:
    """Return where a socket listens, as it would be configured."""
    name = door.getsockname()
    if door.family == socket.AF_UNIX:
        return f"{UNIX}{name}"
    return f"[{name[0]}]:{name[1]}" if door.family == socket.AF_INET6 else f"{name[0]}:{name[1]}"


def _remove_dead_socket(path: Path) -> None:
    """Remove what a killed process left; a path that answers, or is no socket, stays."""
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(path.stat().st_mode):
            return
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(PROBE_TIMEOUT_S)
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink()
