"""A command of the site gets the alarm, whatever is in it, and is told apart by how it ends."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest
from running import until

from gateway.hook.sinks.exec import EXEC
from gateway.hook.sinks.sink import Sink
from parsers.alarm_document import fitting, hear_alarm
from parsers.errors import Deferred, Refused
from tests.hook.sinks.alarms import HOSTILE, alarm, resolved, showing
from tests.monitoring.programs import SITE


def sink_of(place: Path, body: str, *words: str, **changes: Any) -> Sink:
    path = place / "page"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return EXEC.make({"command": [str(path), *words]} | changes, SITE)


def test_a_command_gets_the_document_and_the_variables(place: Path) -> None:
    fired, other = fitting(alarm(summary=HOSTILE, vo="atlas")), alarm()
    body = f'cat >{place}/stdin; env -0 >{place}/env; printf "%s\\n" "$@" >{place}/words; pwd >&2'
    sink = sink_of(place, body, "--urgent", "$HOME `id`")
    assert sink.show(showing(fired, other)) == f"{place}/page ended with 0"
    assert hear_alarm((place / "stdin").read_bytes()) == fired
    seen = dict(one.split("=", 1) for one in (place / "env").read_text().split("\0") if "=" in one)
    assert seen["ALARM_ID"] == fired.alarm_id
    assert seen["ALARM_STATUS"] == "firing"
    assert seen["ALARM_OPEN"] == "2"
    assert seen["ALARM_STATE"] == "2"
    assert seen["ALARM_SUMMARY"].isprintable()
    assert "Störung 故障" in seen["ALARM_SUMMARY"]
    assert (place / "words").read_text() == "--urgent\n$HOME `id`\n"
    names = {one for one in seen if not one.startswith("ALARM_")}
    assert names <= {"PATH", "LANG", "PWD", "OLDPWD", "SHLVL", "_"}
    sink.show(showing(resolved(fired), other))
    assert json.loads((place / "stdin").read_text())["status"] == "resolved"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("echo no relay >&2; exit 75", Deferred),
        ("exit 1", Deferred),
        ("kill -9 $$", Deferred),
        ("exit 78", Refused),
        ("exit 64", Refused),
    ],
)
def test_how_it_ends_says_whether_it_is_tried_again(
    place: Path, body: str, kind: type[Deferred | Refused]
) -> None:
    with pytest.raises(kind, match="page ended with") as caught:
        sink_of(place, body).show(showing(alarm()))
    assert ("no relay" in caught.value.detail) == ("no relay" in body)


def test_a_command_that_hangs_is_killed_with_all_that_it_started(place: Path) -> None:
    sink = sink_of(place, f"sleep 60 & echo $! >{place}/child; wait", timeout_s=3.0)
    began = time.monotonic()
    with pytest.raises(Deferred, match="timeout_s"):
        sink.show(showing(alarm()))
    assert time.monotonic() - began < 50
    child = int((place / "child").read_text())
    until(lambda: not _lives(child), "its child is gone")


def test_what_it_leaves_in_the_background_holds_nobody_up(place: Path) -> None:
    began = time.monotonic()
    sink_of(place, f"sleep 60 & echo $! >{place}/child; exit 0").show(showing(alarm()))
    assert time.monotonic() - began < 50
    os.kill(int((place / "child").read_text()), 9)


def test_a_command_that_reads_nothing_or_says_much_is_no_trouble(place: Path) -> None:
    fired = alarm(description="x" * 2_000)
    sink_of(place, "exec 0<&-; head -c 10000000 /dev/zero; exit 0").show(showing(fired))


def test_a_command_that_cannot_run_is_refused(place: Path) -> None:
    for command in ([f"{place}/nothing"], [str(place)]):
        with pytest.raises(Refused, match=str(place)):
            EXEC.make({"command": command}, SITE).show(showing(alarm()))
    for wrong in (["page"], [], "page", ["/bin/page", 1], ["/bin/pa\0ge"]):
        with pytest.raises(Refused, match="command"):
            EXEC.make({"command": wrong}, SITE)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in {"Z", "X"}
