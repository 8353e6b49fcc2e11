"""`ticketgate-hook deliver`: one mail from standard input, called by a mail server.

Rule: the mail is on disk before anything else happens; then the program ends with 0 whatever
becomes of it, because each mail server does something else with any other code, and most of them
lose the mail. Only "could not spool" is 75, try again. It prints nothing, for servers put that into
bounces. It relies on no HOME, PATH, working directory, locale or open descriptor, and ends by its
own deadline, long before the server's.
Standard library only; what is not needed to spool is imported after the mail is safe.
"""

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from gateway.hook.config import DEFAULT_FILE, spool_directory
from gateway.hook.log import LOG, open_log
from gateway.hook.mail import MAX_MAIL_BYTES
from gateway.hook.owner import become_owner
from gateway.hook.spool import keep

SPOOLED = 0
TRY_AGAIN = 75
DEADLINE_S = 60
_CHUNK_BYTES = 65_536


def deliver(arguments: Sequence[str]) -> NoReturn:
    """Spool the mail and go on with it as long as the deadline allows; ends the process."""
    code = TRY_AGAIN

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        os._exit(code)

    try:
        has_input = _be_silent()
        open_log(aloud=False)
        os.umask(0o077)
        for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        for number in (signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, DEADLINE_S)
        began_s = time.monotonic()
        file = Path(os.path.abspath(config_file(arguments)))  # noqa: PTH100 - links stay as given
        os.chdir("/")
        directory = spool_directory(file)
        become_owner(directory, file)
        keep(directory, _standard_input(has_input))
        code = SPOOLED
        _go_on(file, directory, began_s)
    except BaseException as error:
        try:
            LOG.exception("deliver: %r", error)
        finally:
            os._exit(code)
    os._exit(code)


def config_file(arguments: Sequence[str]) -> Path:
    """Return the file that `--config FILE` or `--config=FILE` names, else the usual one."""
    for at, argument in enumerate(arguments):
        if argument.startswith("--config="):
            return Path(argument.removeprefix("--config="))
        if argument == "--config" and at + 1 < len(arguments):
            return Path(arguments[at + 1])
    return DEFAULT_FILE


def _standard_input(has_input: bool) -> bytes:
    """Return the mail, one byte more than we take of one that is too long; raises OSError.

    The rest of that one is read all the same: a server that cannot write would try again for ever.
    """
    if not has_input:
        raise OSError("standard input is closed")
    parts: list[bytes] = []
    room = MAX_MAIL_BYTES + 1
    while chunk := os.read(0, _CHUNK_BYTES):
        parts.append(chunk[:room])
        room -= len(parts[-1])
    return b"".join(parts)


def _be_silent() -> bool:
    """Turn standard output and error to nowhere; return whether there is an input at all.

    When it is closed, the next file that is opened becomes descriptor 0: it is no mail.
    """
    try:
        os.fstat(0)
        has_input = True
    except OSError:
        has_input = False
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    return has_input


def _go_on(file: Path, directory: Path, began_s: float) -> None:
    """Do what can be done at once; whatever fails is done by the next `flush`."""
    from gateway.hook.config_keys import read_config
    from gateway.hook.drain import drain
    from gateway.hook.hook import open_hook

    config = read_config(file)
    if config.directory != directory:
        LOG.error("the mail is in %s, but the hook works in %s", directory, config.directory)
    rest_s = config.limits.deadline_s - (time.monotonic() - began_s)
    signal.setitimer(signal.ITIMER_REAL, max(0.1, rest_s))
    drain(open_hook(config), time.monotonic() + rest_s - 1)
