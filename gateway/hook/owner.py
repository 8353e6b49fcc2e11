"""Who runs the hook: the owner of its directory, also when root calls it.

Rule: what root wrote into the directory could not be read by the user that the mail server calls,
and one look by root would stop all alarms. So root's rights are given up before anything is opened.
Standard library only.
"""

import os
import pwd
from pathlib import Path


def become_owner(directory: Path) -> None:
    """Go on as the owner of the directory if root calls and it belongs to somebody else.

    Raises OSError when the system does not allow it.
    """
    if os.geteuid() != 0:
        return
    try:
        found = directory.stat()
    except OSError:
        return
    if found.st_uid == 0:
        return
    try:
        entry = pwd.getpwuid(found.st_uid)
    except KeyError:  # a number without a name, as in containers
        os.setgroups([found.st_gid])
        os.setgid(found.st_gid)
    else:
        os.initgroups(entry.pw_name, entry.pw_gid)
        os.setgid(entry.pw_gid)
    os.setuid(found.st_uid)


def user_name(uid: int) -> str:
    """Return the name of a user, for a person."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"number {uid}"
