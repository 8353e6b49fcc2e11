"""What check-config finds in [directory.NAME], each fault with its key."""

from pathlib import Path

import pytest

from gateway.config.load import Severity, examine
from gateway.health import look
from tests.config.good import GOOD, SECRET
from tests.directories.conftest import NOW

VOMS = """\
[directory.people]
kind = "voms"
url = "https://voms.example:8443/voms/atlas"
vo = "atlas"
certificate = "robot.pem"
key = { file = "secret" }
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    path = tmp_path / "config.toml"
    path.write_text(GOOD + VOMS)
    return path


def faults(config: Path, old: str = "", new: str = "") -> list[tuple[str, str, bool]]:
    text = config.read_text()
    assert old in text
    config.write_text(text.replace(old, new))
    _, found = examine(config)
    return [(one.key, one.message, one.severity is Severity.ERROR) for one in found]


def test_a_good_directory_has_no_fault(config: Path) -> None:
    assert faults(config) == []


@pytest.mark.parametrize(
    ("old", "new", "key", "message"),
    [
        ("https://", "http://", "directory.people.url", "must begin with https://"),
        ("https://", "ftp://", "directory.people.url", "must begin with https://"),
        ("https://", "http://127.", "directory.people.url", "must begin with https://"),
        ("voms/atlas", "voms/atlas?x=1", "directory.people.url", "base of the interface"),
        ("https://", "https://me:pw@", "directory.people.url", "base of the interface"),
        (":8443", ":port", "directory.people.url", "is not an address"),
        ('vo = "atlas"\ncert', 'vo = "atlsa"\ncert', "directory.people.vo", "no [[vo]] named"),
        ('vo = "atlas"\ncert', 'vo = "ATLAS"\ncert', "directory.people.vo", "spelt 'atlas'"),
        ('vo = "atlas"\ncert', "cert", "directory.people.kind", "whose people"),
        ('key = { file = "secret" }\n', "", "directory.people.certificate", "needs key"),
        ('certificate = "robot.pem"\n', "", "directory.people.key", "needs certificate"),
        ('kind = "voms"', 'kind = "ldap"', "directory.people.kind", ""),
        ('kind = "voms"', 'kind = "file"', "directory.people.url", "path of a file"),
        ("[directory.people]", '[directory."a b"]', "directory.a b", "needs a name"),
        ("[directory.people]", "[directory.config]", "directory.config", "needs a name"),
        ('vo = "atlas"\ncert', 'vo = "atlas"\nmax_shrink = 1\ncert',
         "directory.people.max_shrink", ""),
        ('vo = "atlas"\ncert', 'vo = "atlas"\nreads = ["people"]\ncert',
         "directory.people.reads", ""),
        ('{ file = "secret" }\n', '"secret"\n', "directory.people.key", "never written here"),
    ],
)  # fmt: skip
def test_a_fault_is_said_at_its_key(
    config: Path, old: str, new: str, key: str, message: str
) -> None:
    before, _, after = config.read_text().partition("[directory")
    config.write_text(before + ("[directory" + after).replace(old, new))
    assert config.read_text() != before + "[directory" + after
    found = [one for one in faults(config) if one[2]]
    assert any(one[0] == key and message in one[1] for one in found), found


def test_plain_http_is_taken_on_this_machine(config: Path) -> None:
    assert faults(config, "https://voms.example", "http://127.0.0.1") == []


def test_a_directory_without_credentials_is_a_warning(config: Path) -> None:
    text = config.read_text().replace('certificate = "robot.pem"\nkey = { file = "secret" }\n', "")
    config.write_text(text)
    ((key, message, error),) = faults(config)
    assert (key, error) == ("directory.people", False)
    assert "without certificate" in message


def test_a_site_may_leave_its_roc_to_a_directory_only(config: Path) -> None:
    assert faults(config, 'roc = "NGI_NORTH"\n', "") == []
    alone = config.read_text().partition("[directory")[0]
    config.write_text(alone)
    ((key, message, error),) = faults(config)
    assert (key, error) == ("site.roc", True)
    assert "is missing" in message


def test_a_roc_may_leave_its_address_to_a_directory_only(config: Path) -> None:
    assert faults(config, 'address = "desk@north.example"\n', 'supporters = "r@n.example"\n') == []
    alone = config.read_text().partition("[directory")[0]
    config.write_text(alone)
    ((key, message, error),) = faults(config)
    assert (key, error) == ("roc.address", True)
    assert "is missing" in message


def test_readiness_does_not_depend_on_directories(config: Path) -> None:
    loaded, _ = examine(config)
    assert loaded is not None
    assert not any("directory" in line.name for line in look(loaded, None, NOW))
