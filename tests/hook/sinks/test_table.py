"""Every kind of sink: its settings, its words, its page, and what the texts for a site hold."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from gateway.hook.setup.snippets import HOOK, SNIPPETS, snippet
from gateway.hook.sinks.settings import TIMEOUT, secret
from gateway.hook.sinks.table import SINKS
from parsers.errors import Refused
from tests.monitoring.programs import ROOT, SITE

SMALLEST: dict[str, dict[str, Any]] = {
    "exec": {"command": ["/bin/true"]},
    "nagios": {"command_file": "/run/nagios4/rw/nagios.cmd"},
    "nsca": {"config_file": "/etc/send_nsca.cfg"},
    "icinga2": {
        "url": "https://icinga.site.example:5665", "user": "hook", "password_file": "{secret}",
        "verify": False,
    },
    "alertmanager": {"url": "http://127.0.0.1:9093"},
    "zabbix": {"server": "zabbix.site.example"},
    "webhook": {"url": "https://pager.site.example/page"},
}  # fmt: skip


@pytest.fixture
def smallest(tmp_path: Path) -> dict[str, dict[str, Any]]:
    """The smallest settings of each kind."""
    path = tmp_path / "secret"
    path.write_text("secret\n")
    return {
        name: {key: str(path) if value == "{secret}" else value for key, value in one.items()}
        for name, one in SMALLEST.items()
    }


def test_every_kind_has_a_test_a_page_and_its_texts() -> None:
    assert set(SINKS) == set(SMALLEST) == set(SNIPPETS)
    for name in SINKS:
        assert (Path(__file__).parent / f"test_{name}.py").exists()
        assert (ROOT / "docs" / "hook" / f"{name}.md").exists()


@pytest.mark.parametrize("kind", SINKS)
def test_the_smallest_settings_make_a_sink(kind: str, smallest: dict[str, dict[str, Any]]) -> None:
    sink = SINKS[kind].make(smallest[kind], SITE)
    if kind != "alertmanager":  # which has to ask
        assert list(sink.heard([])) == []


@pytest.mark.parametrize("kind", SINKS)
def test_a_missing_or_unknown_or_wrong_key_is_named(
    kind: str, smallest: dict[str, dict[str, Any]]
) -> None:
    good = smallest[kind]
    obligatory = [name for name, key in SINKS[kind].keys.items() if key.obligatory]
    assert set(obligatory) <= set(good)
    for name in obligatory:
        without = {key: value for key, value in good.items() if key != name}
        with pytest.raises(Refused, match=f"^{name} is missing"):
            SINKS[kind].make(without, SITE)
    with pytest.raises(Refused, match=r"^tiemout_s is unknown; known are .*timeout_s"):
        SINKS[kind].make(good | {"tiemout_s": 1}, SITE)
    for name, key in SINKS[kind].keys.items():
        wrong = 5 if key.kind is not int else "five"
        if key.kind is float:
            wrong = "five"
        with pytest.raises(Refused, match=f"^{name} is not "):
            SINKS[kind].make(good | {name: wrong}, SITE)
    for value in (0, -1, 601):
        with pytest.raises(Refused, match=r"^timeout_s is not between"):
            SINKS[kind].make(good | {"timeout_s": value}, SITE)


@pytest.mark.parametrize("kind", SINKS)
def test_the_page_of_a_kind_names_every_key_and_shows_settings_that_work(
    kind: str, smallest: dict[str, dict[str, Any]]
) -> None:
    page = (ROOT / "docs" / "hook" / f"{kind}.md").read_text()
    for name, key in SINKS[kind].keys.items():
        assert key.doc
        assert f"`{name}`" in page or f"\n{name} = " in page, name
    shown = tomllib.loads(_blocks(page, "toml")[0])["sink"][0]
    assert shown.pop("kind") == kind
    for name in shown:
        if name.endswith("_file") and SINKS[kind].keys[name].kind is str:
            assert shown[name].startswith("/"), name
    assert set(shown) <= set(SINKS[kind].keys)
    assert set(smallest[kind]) - {"verify"} <= set(shown)


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in SNIPPETS.items() for name in names]
)
def test_a_page_shows_the_text_that_the_tests_ran(kind: str, name: str) -> None:
    text = snippet(name, SITE)
    assert "@SITE@" not in text
    assert "@HOOK@" not in text
    page = (ROOT / "docs" / "hook" / f"{kind}.md").read_text()
    if len(text.splitlines()) > 70 or (name == "nagios-objects.cfg" and kind == "nsca"):
        assert f"`{name}`" in page
    else:
        assert text.rstrip("\n") in page, name


def test_the_path_of_the_hook_can_be_another() -> None:
    assert f"{HOOK} notify" in snippet("zabbix-notify.sh", SITE)
    other = "/opt/hook --config '/etc/my hook.toml'"
    assert f"{other} notify" in snippet("zabbix-notify.sh", SITE, other)
    assert 'command = [ "/opt/hook", "--config", "/etc/my hook.toml", "notify" ]' in snippet(
        "icinga2.conf", SITE, other
    )


def test_a_secret_is_the_first_line_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    for text in ("word\n", "word", "word\r\n", "word\nmore\n"):
        path.write_text(text)
        assert secret("token_file", str(path)) == "word"
    path.write_text("\n")
    for wrong in (str(path), str(tmp_path / "nothing"), str(tmp_path)):
        with pytest.raises(Refused, match=r"^token_file "):
            secret("token_file", wrong)
    assert TIMEOUT.default == 10.0


@pytest.mark.parametrize(
    ("kind", "changes", "told"),
    [
        ("nagios", {"host": "a;b"}, "host has a character"),
        ("nagios", {"service": "a\nb"}, "service has a character"),
        ("nsca", {"host": "a\tb"}, "host has a character"),
        ("nsca", {"variant": "nrpe"}, "not one of nsca-ng, nsca"),
        ("icinga2", {"url": "http://icinga.site.example:5665"}, "url is no https"),
        ("icinga2", {"ca_file": "/nowhere"}, "ca_file cannot be used"),
        ("icinga2", {"host": "a!b"}, "host has a character"),
        ("icinga2", {"url": "https://"}, "url is no address"),
        ("alertmanager", {"url": "http://a.example:b/"}, "url is no address"),
        ("alertmanager", {"url": "http://me:secret@a.example/"}, "url is no address"),
        ("alertmanager", {"labels": {"site": "other"}}, "labels has a name"),
        ("alertmanager", {"labels": {"a-b": "c"}}, "labels has a name"),
        ("alertmanager", {"labels": {"a": 1}}, "labels is not a table of texts"),
        ("zabbix", {"api_url": "https://zabbix.site.example/"}, "token_file is missing"),
        ("zabbix", {"port": 65_536}, "port is no port"),
        ("webhook", {"url": "ftp://a.example/"}, "url is no address"),
        ("webhook", {"token_file": "/nowhere"}, "token_file cannot be read"),
        ("webhook", {"url": ""}, "url is empty"),
    ],
)
def test_a_setting_that_cannot_work_is_found_at_once(
    kind: str, changes: dict[str, Any], told: str, smallest: dict[str, dict[str, Any]]
) -> None:
    with pytest.raises(Refused, match=told):
        SINKS[kind].make(smallest[kind] | changes, SITE)


def _blocks(page: str, language: str) -> list[str]:
    return [one.split("\n```")[0] for one in page.split(f"```{language}\n")[1:]]
