"""The tests and the repository themselves: no real address, no host, no path of a machine."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.spreading import LONG, MONITORING, WHOLE_FILES, piece_of

HERE = Path(__file__).parent
ROOT = HERE.parent
RESERVED = re.compile(
    r"(?:^|\.)(?:example|test|invalid|localhost|local)$|(?:^|\.)example\.(?:com|net|org)$"
    r"|\.(?:service|timer)$"  # units of systemd look like addresses
)
ADDRESS = re.compile(rb"[A-Za-z0-9._%+-]+@([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+)")
IPV4 = re.compile(rb"(?<![\d.])(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?![\d.])")
DOCUMENTATION = ("192.0.2.", "198.51.100.", "203.0.113.", "127.", "0.0.0.0", "10.")


def tracked(*patterns: str) -> list[Path]:
    """Return the files of the repository; those of the working tree where git is not at hand."""
    done = subprocess.run(
        ["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, check=False
    )
    names = done.stdout.decode().split("\0")[:-1]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def test_every_address_in_a_mail_or_a_configuration_is_of_a_reserved_domain() -> None:
    files = tracked("*.eml", "*.toml", "*.md", "*.txt")
    assert len(files) > 50, "a walk over nothing proves nothing"
    wrong = {
        f"{path.relative_to(ROOT)}: {host.decode()}"
        for path in files
        if "-out-" not in path.name  # what we write there is made of the addresses that came in
        for host in ADDRESS.findall(path.read_bytes())
        if not RESERVED.search(host.decode().lower())
    }
    assert wrong == set()


def test_every_ip_address_in_a_mail_or_a_configuration_is_for_documentation() -> None:
    wrong = set()
    for path in tracked("*.eml", "config.example.toml", "gateway/demo/*", "README.md"):
        for match in IPV4.finditer(path.read_bytes()):
            text = match[0].decode()
            if not text.startswith(DOCUMENTATION):
                wrong.add(f"{path.relative_to(ROOT)}: {text}")
    assert wrong == set()


@pytest.mark.parametrize("pattern", ["*.py"])
def test_no_file_is_longer_than_three_hundred_lines(pattern: str) -> None:
    rooms = ("gateway", "parsers", "router", "store", "templates")
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked(pattern)
        if path.relative_to(ROOT).parts[0] in rooms
        and "migrations" not in path.parts
        and (lines := len(path.read_text().splitlines())) > 300
    }
    assert long == {}


def test_every_room_begins_with_what_it_does() -> None:
    for path in tracked("gateway/*.py", "parsers/*.py", "router/*.py", "store/*.py"):
        text = path.read_text()
        assert not text or text.startswith('"""'), path
        assert path.name != "__init__.py" or not text, f"{path} must be empty"


def test_the_sites_that_the_readme_names_are_those_of_the_demo() -> None:
    named = re.findall(r"^Site: (\S+)$", (ROOT / "README.md").read_text(), flags=re.MULTILINE)
    demo = tomllib.loads((ROOT / "gateway" / "demo" / "config.toml").read_text())
    assert named
    assert set(named) <= {site["name"] for site in demo["site"]}


def test_what_runs_first_and_stays_together_is_there() -> None:
    paths = [path.relative_to(HERE).as_posix() for path in HERE.rglob("test_*.py")]
    for start in (*LONG, *MONITORING, *WHOLE_FILES):
        assert any(path.startswith(start) for path in paths), start


@pytest.mark.parametrize(
    ("nodeid", "piece"),
    [
        ("tests/hook/sinks/test_zabbix.py::test_a[b/c]", "monitoring"),
        ("tests/alarms/whole/test_drill.py::test_a", "monitoring"),
        ("tests/cli/test_demo.py::test_a[x::y]", "tests/cli/test_demo.py"),
        ("tests/parsers/test_text.py::test_a[x::y]", "tests/parsers/test_text.py::test_a[x::y]"),
    ],
)
def test_tests_of_one_piece_have_one_name(nodeid: str, piece: str) -> None:
    assert piece_of(nodeid) == piece
