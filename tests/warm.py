"""`ticketgate` that starts at once: forked from a process that has imported everything already.

A start costs more than half a second of CPU, nearly all of it for imports, and a thousand commands
run in the suite. What a command can see is its own: a process, words, environment, directory, three
streams, an end. Not its own are Python's settings from the environment. What only a cold start can
show, such as an import that is missing, is tried with each command in tests/cli/test_starts.py.
"""

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

PROGRAM = Path(sys.executable).with_name("ticketgate")
DEADLINE_S = 60.0
ROOMS = ("gateway", "parsers", "router", "store", "templates")
_ALONE = ("gateway.hook", "store.migrations")  # another program; files that are loaded by path
_LARGEST_BYTES = 1 << 17


@dataclass(frozen=True)
class Done:
    """A program's end."""

    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The JSON objects, one a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def run_program(*args: object, stdin: bytes = b"", **environment: str) -> Done:
    """Run `ticketgate` with these words; its environment is ours and these."""
    with ExitStack() as files:
        made = (os.fdopen(os.memfd_create("stream"), "w+b") for _ in range(3))
        streams = [files.enter_context(one) for one in made]
        streams[0].write(stdin)
        streams[0].seek(0)
        begin([str(one) for one in args], environment, [one.fileno() for one in streams])
        code = end()
        for one in streams:
            one.seek(0)
        return Done(code, streams[1].read().decode(), streams[2].read().decode())


def begin(args: list[str], environment: dict[str, str], streams: list[int]) -> None:
    """Start `ticketgate` on these three descriptors, whose copies end with it."""
    assert not [name for name in environment if name.startswith(("PYTHON", "LANG", "LC_"))]
    said = {"args": args, "environment": {**os.environ, **environment}, "place": str(Path.cwd())}
    try:
        socket.send_fds(_warm()[1], [json.dumps(said).encode()], streams)
    except (BrokenPipeError, ConnectionResetError):  # the kernel took it, between two commands
        _give_up()
        socket.send_fds(_warm()[1], [json.dumps(said).encode()], streams)


def end() -> int:
    """Wait for the end of what was begun and return its code, as subprocess does.

    Raises RuntimeError when the process behind it died meanwhile; the next command has a new one.
    """
    _, control = _warm()
    try:
        code = control.recv(_LARGEST_BYTES)
    except TimeoutError:
        _give_up()
        raise
    except ConnectionResetError:
        code = b""
    if not code:
        raise RuntimeError(f"the process that starts commands has ended: {_give_up()}")
    return int(code)


def _give_up() -> int:
    """End the process that starts commands, with what it has started; return its code."""
    process, control = _warm()
    _warm.cache_clear()
    control.close()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


@lru_cache(maxsize=1)
def _warm() -> tuple["subprocess.Popen[bytes]", socket.socket]:
    """Return this test process's own, which ends when our side of its socket is closed."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        process = subprocess.Popen(
            [sys.executable, "-P", __file__, str(its.fileno())],
            pass_fds=[its.fileno()],
            stdin=subprocess.DEVNULL,
            process_group=0,
        )
    ours.settimeout(DEADLINE_S)
    atexit.register(process.wait)
    atexit.register(ours.close)
    return process, ours


def _load() -> None:
    """Import every room, with what the program keeps out of it kept out."""
    cli = importlib.import_module("gateway.cli")
    for name in cli._UNUSED:
        sys.modules.setdefault(name, None)
    for room in map(importlib.import_module, ROOMS):
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            if not found.name.startswith(_ALONE):
                importlib.import_module(found.name)
    assert len(list(Path("/proc/self/task").iterdir())) == 1, "a fork keeps one thread only"
    gc.collect()
    gc.freeze()


def _serve(control: socket.socket) -> None:
    """Fork for each request until there are no more; return as the program that is asked for."""
    while True:
        message, streams, _, _ = socket.recv_fds(control, _LARGEST_BYTES, 3)
        if not message:
            sys.exit()
        pid = os.fork()
        if not pid:
            control.close()
            _become(json.loads(message), streams)
            return
        for one in streams:
            os.close(one)
        _, status = os.waitpid(pid, 0)
        control.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(said: dict[str, Any], streams: list[int]) -> None:
    os.environ.clear()
    os.environ.update(said["environment"])
    time.tzset()
    os.chdir(said["place"])
    sys.argv = [str(PROGRAM), *said["args"]]
    for number, one in enumerate(streams):
        os.dup2(one, number)
        os.close(one)
    sys.stdin, sys.stdout = os.fdopen(0, closefd=False), os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", errors="backslashreplace", closefd=False)


def _code_of(program: Callable[[], None]) -> int:
    """Return the code that a process would end with, and say what it would say."""
    try:
        program()
    except SystemExit as said:
        if said.code is None or isinstance(said.code, int):
            return said.code or 0
        sys.stderr.write(f"{said.code}\n")
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _end(code: int) -> NoReturn:
    """End without taking apart what is only a copy: that costs as much as the command."""
    threading._shutdown()  # type: ignore[attr-defined] # what Python does first at its end
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _load()
    _serve(socket.socket(fileno=int(sys.argv[1])))
    _end(_code_of(importlib.import_module("gateway.cli").main))
