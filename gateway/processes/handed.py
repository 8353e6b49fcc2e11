"""Sockets that the service manager has opened for us, and handed to this process at its start.

Source: sd_listen_fds(3): LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES, descriptors from 3 on. Whoever
opens them may use port 25 and survives every restart of ours, so no peer is refused meanwhile.
Rule: what was handed over is used or it is a fault; nothing is closed in silence. They are never
unlinked and never shut down here: they belong to the service manager.
"""

import os
import socket
import stat
from collections.abc import Iterable, Mapping, MutableMapping

FIRST_FD = 3


class UnfitSocket(Exception):  # noqa: N818 - the fact, as it is said to the operator
    """A socket was handed over that no door can use; its argument is a sentence."""


def take_handed(
    environ: MutableMapping[str, str], known: Iterable[str], configured: Iterable[str]
) -> dict[str, int]:
    """Return the descriptor of each door that was handed a socket; empty without a manager.

    `known` are the names that a socket may have, `configured` those that it may have here. The
    variables are taken away, so that no child believes them its own. Raises UnfitSocket.
    """
    pid, count, names = (
        environ.pop(key, "") for key in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES")
    )
    if pid != str(os.getpid()) or not count.isdecimal():
        return {}
    named = names.split(":") if names else []
    handed: dict[str, int] = {}
    for place in range(int(count)):
        fd, name = FIRST_FD + place, named[place] if place < len(named) else "unknown"
        try:
            os.set_inheritable(fd, False)
        except OSError:
            raise UnfitSocket(f"LISTEN_FDS promises descriptor {fd}, which is not open") from None
        _check(name, fd, handed, tuple(known), tuple(configured))
        handed[name] = fd
    return handed


def _check(
    name: str,
    fd: int,
    handed: Mapping[str, int],
    known: tuple[str, ...],
    configured: tuple[str, ...],
) -> None:
    if name not in known:
        names = ", ".join(known)
        raise UnfitSocket(
            f"a socket was handed over as {name!r}; set FileDescriptorName= to one of: {names}"
        )
    if name not in configured:
        raise UnfitSocket(f"a socket was handed over for {name}, but [{name}] listen is not set")
    if name in handed:
        raise UnfitSocket(f"two sockets were handed over for {name}; a door has one")
    if not _listens(fd):
        raise UnfitSocket(
            f"what was handed over for {name} is no listening stream socket "
            "(ListenStream= with Accept=no makes one)"
        )


def _listens(fd: int) -> bool:
    if not stat.S_ISSOCK(os.fstat(fd).st_mode):
        return False
    with socket.socket(fileno=os.dup(fd)) as one:
        accepts = one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        families = {socket.AF_INET, socket.AF_INET6, socket.AF_UNIX}
        return bool(accepts) and one.type == socket.SOCK_STREAM and one.family in families
