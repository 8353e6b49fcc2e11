"""The example is the manual: every key, its sentence, its default; and each value can be wrong."""

import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from gateway.config.faults import model_in
from gateway.config.load import Config, Severity, examine, load, policy, registry, roster
from gateway.demo.writing import example
from router.addresses import Intent
from tests.config.good import GOOD, SECRET
from tests.proofs import keys

ROOT = Path(__file__).parents[2]
SECRET_FILES = (
    "secret",
    "secret.old",
    "imap.password",
    "relay.password",
    "store.password",
    "robot.key",
    "token",
)
KEY_FILES = {
    "dkim.pem": keys.rsa_key(),
    "dkim.other.pem": keys.rsa_key(2048, 1),
    "dkim.ed25519.pem": keys.ed25519_pem(),
    "alarm.pem": keys.ed25519_pem(),
}
FEDERATION = {"vo", "roc", "unit", "site", "member"}


def sections() -> list[tuple[str, type[BaseModel]]]:
    found = [(name, model_in(field.annotation)) for name, field in Config.model_fields.items()]
    return [(name, model) for name, model in found if model is not None]


def part_of(name: str) -> str:
    """The text of one section: from its sentence to the next section's."""
    text = example()
    start = text.index(f"\n# [{name}" if name not in double_names() else f"\n# [[{name}]]")
    following = re.compile(r"\n\n# \[|\n# ----").search(text, start + 2)
    return text[start : following.start() + 1 if following else None]


def double_names() -> set[str]:
    return FEDERATION | {"imap", "helpdesk_peer", "calendar", "support_level"}


def prose(text: str) -> str:
    """A text's comments without their signs and line ends."""
    return " ".join(re.sub(r"(?m)^#( |(?=[a-z\[]))", "", text).split())


@pytest.fixture
def demo(tmp_path: Path) -> Path:
    for name in SECRET_FILES:
        (tmp_path / name).write_text(SECRET)
        (tmp_path / name).chmod(0o600)
    for name, pem in KEY_FILES.items():
        (tmp_path / name).write_bytes(pem)
        (tmp_path / name).chmod(0o600)
    path = tmp_path / "config.toml"
    path.write_text(example())
    return path


def test_the_example_in_the_repository_is_what_init_writes() -> None:
    assert (ROOT / "config.example.toml").read_text() == example()


@pytest.mark.parametrize(("section", "model"), sections(), ids=str)
def test_every_key_stands_in_the_example_with_its_sentence(
    section: str, model: type[BaseModel]
) -> None:
    part = part_of(section)
    for key, field in model.model_fields.items():
        if section in FEDERATION:
            assert re.search(rf"(?m)^#   {key}\b", part), key
        else:
            assert re.search(rf"(?m)^#?{key} = ", part), key
        assert field.description is not None
        assert " ".join(field.description.split()) in prose(part).replace("   ", " "), key


@pytest.mark.parametrize(("section", "model"), sections(), ids=str)
def test_a_key_behind_a_hash_shows_its_default(section: str, model: type[BaseModel]) -> None:
    if section in FEDERATION:
        shown = dict(re.findall(r"(?m)^#   (\w+) = (none|\S.*?)(?:  | [A-Z])", part_of(section)))
    else:
        shown = dict(re.findall(r"(?m)^#(\w+) = (.*)$", part_of(section)))
    for key, field in model.model_fields.items():
        if key in shown and field.default not in {None, ""} and field.default != ():
            if field.is_required() or field.default_factory is not None:
                continue
            shown_value: Any = tomllib.loads(f"x = {shown[key]}")["x"]
            default = field.default
            if isinstance(default, (tuple, frozenset)):
                default = list(default)
            if isinstance(default, timedelta):
                number, unit = shown_value.split()
                default_s = {"s": 1, "min": 60, "h": 3600, "d": 86400}[unit] * int(number)
                assert timedelta(seconds=default_s) == field.default, key
            else:
                assert shown_value == default, key


def test_the_example_is_good_but_for_the_warning_about_its_submission_network(demo: Path) -> None:
    config, faults = examine(demo)
    assert config is not None
    assert [(f.key, f.severity) for f in faults] == [("smtp.submission_networks", Severity.WARNING)]


def test_the_example_is_good_with_every_hash_taken_away(demo: Path) -> None:
    demo.write_text(re.sub(r"(?m)^#(?=[a-z\[])", "", example()))
    config, faults = examine(demo)
    assert config is not None, [str(fault) for fault in faults]
    assert config.imap[0].password.reveal() == SECRET.encode()
    assert config.lmtp.listen is not None
    assert [peer.name for peer in config.helpdesk_peer] == ["Westdesk"]
    assert "gocdb" in config.directory


def test_only_names_of_rfc_2606_and_addresses_of_examples_stand_in_the_demo() -> None:
    mails = (ROOT / "gateway" / "demo" / "mails").glob("*.eml")
    for text in (example(), *(path.read_text() for path in mails)):
        for domain in re.findall(r"[\w.-]+@([\w.-]+\w)", text):
            assert domain.endswith(".example") or domain == "DOMAIN", domain
        for host in re.findall(r"https?://([\w.-]+)", text):
            assert host.endswith(".example") or host == "127.0.0.1", host


def leaves(value: Any, loc: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [x for k, v in value.items() for x in leaves(v, (*loc, k))]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [x for i, v in enumerate(value) for x in leaves(v, (*loc, i))]
    return [loc]


def as_toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{k}" = {as_toml(v)}' for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


@pytest.mark.parametrize("wrong", [-1, True, "", [[1]], {"x": {"y": 1}}], ids=str)
def test_no_value_of_the_example_can_be_spoilt_without_a_fault_at_its_own_key(
    demo: Path, wrong: Any
) -> None:
    everything = tomllib.loads(re.sub(r"(?m)^#(?=[a-z\[])", "", example()))
    for loc in leaves(everything):
        if isinstance(loc[-1], str) and _fits(loc, wrong):
            continue
        spoilt = tomllib.loads(re.sub(r"(?m)^#(?=[a-z\[])", "", example()))
        holder = spoilt
        for part in loc[:-1]:
            holder = holder[part]
        holder[loc[-1]] = wrong
        if loc[0] != "keys":
            del spoilt["keys"]  # reading RSA keys takes longer than all else
        text = "\n".join(f"{key} = {as_toml(value)}" for key, value in spoilt.items())
        tomllib.loads(text)  # or no key would be at fault
        demo.write_text(text)
        config, faults = examine(demo)
        errors = [fault for fault in faults if fault.severity is Severity.ERROR]
        key = ".".join(part for part in loc if isinstance(part, str))
        # a secret's reference is one value: its fault is said of the key that holds it
        assert any(fault.key and key.startswith(fault.key) for fault in errors), (key, errors)
        assert config is None


_TEXT_MAY_BE_EMPTY = {
    "calendar", "helpdesk", "vo", "recipient_header", "socket_group", "trusted_results",
    "dkim_selector", "dkim_ed25519_selector", "dkim_other_selector", "subject_tag", "supporters",
    "contact", "alarm_address", "operator_address", "addresses",
    "roc", "scope",
}  # fmt: skip


def _fits(loc: tuple[Any, ...], wrong: Any) -> bool:
    if wrong is True:
        return loc[-1] in {"alarms", "digest"}
    from_a_directory = (loc[0], loc[-1]) == ("roc", "address")
    return wrong == "" and (loc[-1] in _TEXT_MAY_BE_EMPTY or from_a_directory)


def test_paths_start_at_the_directory_of_the_file(demo: Path) -> None:
    config = load(demo)
    assert config.store.url == f"sqlite:///{demo.parent}/tickets.db"
    assert config.relay.url == f"maildir:{demo.parent}/outgoing"
    assert config.file == demo


def test_defaults_are_paths_beside_the_file_too(demo: Path) -> None:
    demo.write_text(GOOD)
    config = load(demo)
    assert config.store.url == f"sqlite:///{demo.parent}/tickets.db"
    assert config.relay.url == f"maildir:{demo.parent}/outgoing"


def test_the_demo_becomes_the_values_of_the_lower_floors(demo: Path) -> None:
    config = load(demo)
    rules, known, people = policy(config), registry(config), roster(config)
    assert rules.addresses.intent("Support@Helpdesk.Example") is Intent.USER
    assert rules.addresses.intent("alarm@helpdesk.example") is Intent.ALARM
    assert rules.operator == ("tpm@helpdesk.example",)
    assert rules.ticket_tag == "GGUS-Ticket-ID"
    assert rules.keys.secrets == (SECRET.encode(),)
    assert [site.name for site in known.find_sites("nl-t1")] == ["POLDER-MATRIX", "DUIN-ELPROD"]
    assert known.find_sites("harbour  mrf")[0].routable
    assert not known.find_sites("MOOR-GRID")[0].routable
    assert not known.find_sites("UK-SKERRY")[0].routable
    assert known.find_sites("NO-FJELL")[0].contacts == ("admins@fjell.example", "ops@fjell.example")
    assert set(known.vos) == {"atlas", "cms", "alice", "biomed"}
    ada = people.members[0]
    assert (ada.vo, ada.roles) == ("atlas", frozenset({"team", "alarm", "multisite"}))


def test_the_secret_before_a_rotation_is_still_believed(demo: Path) -> None:
    (demo.parent / "secret.old").write_text("the former one, long enough")
    demo.write_text(example().replace("#previous_secret", "previous_secret"))
    assert len(policy(load(demo)).keys.secrets) == 2
