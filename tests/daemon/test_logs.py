import json
import os
import pty
import subprocess
import sys
from pathlib import Path

FORGED = r"a\n{\"event\": \"forged\"}\r\x1b[2J\u2028\x85\u202e\ud800 end"
PROGRAM = """
import logging, os, sys, threading
import structlog
from gateway.processes.logs import configure_logging
log = structlog.get_logger("test")
configure_logging("INFO", role="work")
"""


def run(code: str, **streams: object) -> subprocess.CompletedProcess[bytes]:
    streams.setdefault("stderr", subprocess.PIPE)
    argv = [sys.executable, "-c", PROGRAM + code]
    return subprocess.run(argv, timeout=60, check=False, **streams)  # type: ignore[call-overload]


def events(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, object]]:
    return [json.loads(line) for line in done.stderr.split(b"\n")[:-1]]


def test_mail_text_forges_no_line_for_programs() -> None:
    done = run(
        f'text = "{FORGED}"\n'
        "log.info(text, subject=text, **{text: 1})\n"
        'logging.getLogger("foreign").warning("heard %s", text)\n'
        "try:\n    raise ValueError(text)\nexcept ValueError:\n    log.exception(text)\n"
    )
    lines = events(done)
    assert len(lines) == 3
    assert all(line["role"] == "work" for line in lines)
    assert lines[0]["event"] == lines[0]["subject"] == FORGED.encode().decode("unicode_escape")
    assert all(byte >= 32 or byte == 10 for byte in done.stderr)
    assert done.stderr.isascii()


def test_mail_text_forges_no_line_for_people() -> None:
    reader, writer = pty.openpty()
    run(
        f'text = "{FORGED}"\nlog.info(text, subject=text)\n'
        "try:\n    raise ValueError(text)\nexcept ValueError:\n    log.exception('failed')\n",
        stderr=writer,
    )
    os.close(writer)
    shown = b""
    while True:
        try:
            shown += os.read(reader, 65536)
        except OSError:
            break
    os.close(reader)
    lines = shown.decode().replace("\r\n", "\n").splitlines()
    heads = [line for line in lines if not line.startswith("  | ")]
    assert len(heads) == 2
    assert heads[0].count(r"\x1b[2J") == 2
    assert b"\x1b" not in shown


def test_libraries_are_heard_from_warning_on_and_ours_from_the_level() -> None:
    done = run(
        'logging.getLogger("mail.log").info("DATA line")\n'
        'logging.getLogger("uvicorn.error").info("x")\n'
        'logging.getLogger("apscheduler.executors").warning("late")\n'
        'log.debug("no")\nlog.info("yes")\n'
    )
    assert [line["event"] for line in events(done)] == ["late", "yes"]


def test_bodies_and_tokens_are_not_logged() -> None:
    token = "a" * 36 + "7"
    done = run(
        f'log.info("to reply+{token}@example.org", body="secret words", raw=b"secret words",\n'
        f'  to=["bounces+{token}@example.org"], link="/attachments/1/2?sig=0123456789abcdef")\n'
    )
    assert b"secret words" not in done.stderr
    assert token.encode() not in done.stderr
    assert b"0123456789abcdef" not in done.stderr
    assert events(done)[0]["to"] == ["bounces+[token]@example.org"]


def test_a_long_line_stays_one_whole_line() -> None:
    done = run('log.info("x" * 10_000, **{f"k{n}": "\\ud800" * 1000 for n in range(50)})\n')
    (line,) = events(done)
    assert line["cut"] is True
    assert len(done.stderr) < 4096


def test_a_log_that_nobody_reads_blocks_nobody_and_says_what_was_lost() -> None:
    reader, writer = os.pipe()
    code = 'for n in range(5000): log.info("line", n=n)\nprint("alive", flush=True)\n'
    code += 'sys.stdin.readline()\nlog.info("heard again")\nlog.info("last")\n'
    argv = [sys.executable, "-c", PROGRAM + code]
    pipe = subprocess.PIPE
    with subprocess.Popen(argv, stderr=writer, stdout=pipe, stdin=pipe) as process:
        os.close(writer)
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"alive\n"
        data = os.read(reader, 1 << 20)
        process.stdin.write(b"\n")
        process.stdin.close()
        with os.fdopen(reader, "rb") as rest:
            data += rest.read()
        assert process.wait(60) == 0
    lines = [json.loads(line) for line in data.splitlines()]
    lost = next(line["lost"] for line in lines if "lost" in line)
    assert lost == 5000 - sum(line["event"] == "line" for line in lines)
    assert lines[-1]["event"] == "last"


def test_a_closed_or_full_log_ends_nobody() -> None:
    code = 'log.info("x")\nlogging.error("y")\nprint("alive")\n'
    with Path("/dev/full").open("wb") as full:
        assert run(code, stderr=full, stdout=subprocess.PIPE).stdout == b"alive\n"
    reader, writer = os.pipe()
    os.close(reader)
    assert run(code, stderr=writer, stdout=subprocess.PIPE).stdout == b"alive\n"
    os.close(writer)
    argv = ["sh", "-c", 'exec "$@" 2>&-', "sh", sys.executable, "-c", PROGRAM + code]
    assert subprocess.run(argv, stdout=subprocess.PIPE, check=True).stdout == b"alive\n"


def test_uncaught_errors_are_one_line_each() -> None:
    done = run(
        "thread = threading.Thread(target=lambda: 1 / 0)\nthread.start(); thread.join()\n"
        'raise ValueError("a\\nb")\n'
    )
    assert [line["event"] for line in events(done)] == [
        "a thread ends by an error",
        "ends by an error",
    ]
    assert done.returncode == 1
    assert "ValueError: a\nb" in str(events(done)[1]["exception"])
