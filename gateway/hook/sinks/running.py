"""How sinks run a program: an argument list, never a shell, with an end.

What the program leaves running in the background cannot hold us up: its output goes into a file and
not into a pipe. When its time is over its whole group is killed.
Standard library only.
"""

import os
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from gateway.hook.sinks import words
from parsers.errors import Deferred, Refused

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SAID_BYTES = 2_000


@dataclass(frozen=True, slots=True)
class Ended:
    """How a program ended: `status` as in the shell, negative for a signal; `said` for the log."""

    status: int
    said: str


def run(
    argv: Sequence[str],
    stdin: bytes,
    timeout_s: float,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Run a program to its end.

    It sees PATH, a UTF-8 locale and `environment`, nothing else of ours. Raises Refused when it
    cannot be run at all, Deferred when it takes too long.
    """
    seen = {"PATH": PATH, "LANG": "C.UTF-8"} | dict(environment or {})
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as output:
        given.write(stdin)
        given.seek(0)
        try:
            process = subprocess.Popen(
                list(argv), stdin=given, stdout=output, stderr=output, env=seen, cwd="/",
                start_new_session=True,
            )  # fmt: skip
        except (FileNotFoundError, NotADirectoryError, PermissionError) as error:
            raise Refused("The command cannot be run.", f"{argv[0]}: {error.strerror}") from error
        except (OSError, ValueError) as error:
            raise Deferred("The command cannot be run now.", f"{argv[0]}: {error}") from error
        try:
            status = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise Deferred(
                "The command takes too long.", f"{argv[0]} killed after timeout_s = {timeout_s:g}"
            ) from None
        output.seek(0)
        said = output.read(SAID_BYTES).decode("utf-8", "replace")
    return Ended(status, words.one_line(said))
