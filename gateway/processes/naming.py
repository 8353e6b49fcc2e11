"""The name of a daemon among several on one database: the end of its slots' names.

It is made of the machine and the configuration file, so a daemon that starts again finds the claims
that it left, and no other daemon's. Where only one can serve a store, as on SQLite, it is "".
"""

import socket
from hashlib import sha256
from pathlib import Path

from store.engine import Store

HOST_CHARS = 40  # of a column of 80
_MACHINE_ID = Path("/etc/machine-id")


def daemon_name(store: Store, config_path: Path) -> str:
    """Return `@HOST:DIGEST`, or "" for a store that one daemon alone can serve."""
    if not store.shared:
        return ""
    host = socket.gethostname()
    try:
        machine = _MACHINE_ID.read_text()
    except OSError:
        machine = ""
    whole = f"{machine.strip()} {host} {config_path.absolute()}"
    return f"@{host[:HOST_CHARS]}:{sha256(whole.encode()).hexdigest()[:8]}"
