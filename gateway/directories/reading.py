"""Reading one directory, whatever its kind: an answer, or the word for why there is none.

Nothing is raised: a directory that breaks our reading is broken, and the next one is read.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog

from gateway.config.federation import Directory
from gateway.directories.fetching import Access, Fetching, Unreachable
from gateway.directories.file import read_plain_file
from gateway.directories.gocdb import read_gocdb
from gateway.directories.iam import NoSuchGroup, read_iam
from gateway.directories.topology import read_topology
from gateway.directories.voms import read_voms
from parsers.directory import Answer
from parsers.errors import MailError
from parsers.text import clean
from router.directories import Said

_log = structlog.get_logger("directories")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of it: an answer, or a word and its detail. `expected` may not be empty in it."""

    answer: Answer | None
    said: Said = Said.OK
    detail: str = ""
    expected: tuple[str, ...] = ()


def read_directory(
    directory: Directory,
    base: Path,
    now: datetime,
    pause: Callable[[float], object] = time.sleep,
) -> Heard:
    """Read a directory; paths start at `base`."""
    try:
        answer = _answer(directory, base, now, pause)
    except Unreachable as error:
        return Heard(None, Said.UNREACHABLE, error.detail)
    except NoSuchGroup as error:
        return Heard(None, Said.NULL, error.detail)
    except MailError as error:
        told = error.public.rstrip(".")
        detail = told if error.detail == error.public else f"{told}: {error.detail.rstrip('.')}"
        return Heard(None, Said.BROKEN, detail)
    except Exception as error:
        _log.exception("a directory could not be read")
        detail = clean(f"{type(error).__name__}: {error}"[:300], one_line=True)
        return Heard(None, Said.BROKEN, f"a fault of ours, {detail}")
    if answer is None:
        return Heard(None, Said.NULL, "null instead of a list")
    return Heard(answer, expected=_expected(directory, answer))


def _answer(
    directory: Directory, base: Path, now: datetime, pause: Callable[[float], object]
) -> Answer | None:
    if directory.kind == "file":
        return read_plain_file(directory, base)
    with Fetching(_access(directory), pause) as fetching:
        readers: dict[str, Callable[[], Answer | None]] = {
            "gocdb": partial(read_gocdb, directory, fetching, now),
            "voms": partial(read_voms, directory, fetching),
            "iam": partial(read_iam, directory, fetching),
            "topology": partial(read_topology, directory, fetching),
        }
        return readers[directory.kind]()


def _access(directory: Directory) -> Access:
    return Access(
        directory.url,
        directory.certificate,
        directory.key.reveal() if directory.key else b"",
        directory.token.reveal().decode("ascii", "replace") if directory.token else "",
        directory.ca_file,
        directory.timeout.total_seconds(),
    )


def _expected(directory: Directory, answer: Answer) -> tuple[str, ...]:
    """Return the lists that were asked for; of a file at least one."""
    match directory.kind:
        case "gocdb":
            names = {"sites": "sites", "rocs": "ROCs"}
            return tuple(names[one] for one in directory.reads if one in names)
        case "topology":
            return ("sites",)
        case "file" if answer != replace(answer, sites=(), rocs=(), members=()):
            return ()
        case _:
            return ("people",)
