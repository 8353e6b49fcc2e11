"""Readers of foreign documents: any bytes are read or Malformed; nothing else ever comes out."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parsers import gocdb, people_file, scim, topology, voms
from parsers.directory import Answer, addresses, distinguished_name, line, moment
from parsers.errors import Malformed
from parsers.registry import Site
from parsers.roster import Member
from parsers.text import clean
from store.directory_rows import answer_of, rows_of
from tests.directories.conftest import NOW
from tests.directories.playing import document

ROLES = {"team": ("/atlas/team",), "alarm": ("/atlas/alarm",)}
READERS: dict[str, tuple[Callable[[bytes], Any], bytes]] = {
    "sites": (gocdb.read_sites, document("gocdb-sites.xml")),
    "ngis": (gocdb.read_rocs, document("gocdb-ngis.xml")),
    "downtimes": (gocdb.read_downtimes, document("gocdb-downtimes.xml")),
    "topology": (topology.read_summary, document("topology.xml")),
    "voms": (
        lambda raw: voms.read_users(raw, "atlas", ROLES),
        b'{"count": 7, "result": ' + document("voms-users.json") + b"}",
    ),
    "groups": (scim.read_groups, b'{"totalResults":1,"Resources":[{"id":"a","displayName":"b"}]}'),
    "accounts": (
        lambda raw: scim.read_accounts(raw, "atlas", ["team"]),
        b'{"totalResults": 4, "startIndex": 1, "Resources": '
        + json.dumps(list(json.loads(document("iam.json"))["users"].values())).encode()
        + b"}",
    ),
    "toml": (
        people_file.read_file,
        b'[[member]]\nname = "A"\nroles = ["team"]\nuntil = 2027-01-01',
    ),
    "csv": (
        lambda raw: people_file.read_file(raw, as_csv=True),
        b"name,addresses,roles\nA,a@x.example,team;alarm\n",
    ),
}
OF_JSON = ("voms", "groups", "accounts")


def said(found: Any) -> list[str]:
    """Every text in what a reader returned, notes included."""
    if isinstance(found, str):
        return [found]
    if isinstance(found, (tuple, frozenset)):
        return [text for part in found for text in said(part)]
    if hasattr(found, "__dataclass_fields__"):
        return [text for f in fields(found) for text in said(getattr(found, f.name))]
    return []


def read(name: str, raw: bytes) -> None:
    try:
        found = READERS[name][0](raw)
    except Malformed as error:
        found = (error.public, error.detail)
    for text in said(found):
        assert clean(text) == text, text
        assert "\n" not in text
        text.encode()


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=150, deadline=None)
@given(raw=st.binary(max_size=400))
def test_any_bytes(name: str, raw: bytes) -> None:
    read(name, raw)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_documents_with_bytes_changed_cut_or_doubled(name: str, data: st.DataObject) -> None:
    raw = READERS[name][1]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        until = data.draw(st.integers(at, min(len(raw), at + 60)))
        raw = raw[:at] + data.draw(st.binary(max_size=8) | st.just(raw[at:until] * 2)) + raw[until:]
    read(name, raw)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize("name", OF_JSON)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_json_with_values_of_other_kinds(name: str, data: st.DataObject) -> None:
    def spoil(value: Any) -> Any:
        if data.draw(st.integers(0, 9)) == 0:
            return data.draw(_JSON)
        if isinstance(value, dict):
            return {key: spoil(part) for key, part in value.items()}
        if isinstance(value, list):
            return [spoil(part) for part in value[:3]]
        return value

    read(name, json.dumps(spoil(json.loads(READERS[name][1]))).encode())


@given(value=_JSON)
def test_the_small_readings_take_any_value(value: Any) -> None:
    assert line(value) == clean(line(value), one_line=True)
    dn = distinguished_name(value)
    assert dn == "" or dn == value.strip()
    good, _bad = addresses(value)
    assert all("@" in one and one.isascii() for one in good)
    with suppress(Malformed):
        found = moment(value)
        assert found is None or found.tzinfo is not None


_TEXT = st.text(max_size=20).map(line)
_TEXTS = st.lists(_TEXT, max_size=3).map(tuple)
_SITES = st.builds(
    Site, _TEXT, aliases=_TEXTS, tier=st.none() | st.integers(0, 3), contacts=_TEXTS,
    certification=_TEXT, source=st.just("x"), updated_at=st.just(NOW),
)  # fmt: skip
_MEMBERS = st.builds(
    Member, _TEXT, addresses=_TEXTS, certificates=_TEXTS, vo=_TEXT, id=st.text(max_size=300),
    roles=st.frozensets(st.sampled_from(["team", "alarm"])), suspended=st.booleans(),
    until=st.none() | st.datetimes(timezones=st.just(NOW.tzinfo)), source=st.just("x"),
    updated_at=st.just(NOW),
)  # fmt: skip


@given(sites=st.lists(_SITES, max_size=5), members=st.lists(_MEMBERS, max_size=5))
def test_what_is_kept_comes_back_as_it_was(sites: list[Site], members: list[Member]) -> None:
    answer = Answer(tuple(sites), members=tuple(members))
    rows = rows_of(answer)
    assert len(rows) == len(sites) + len(members), "no two entries share a key"
    assert all(len(key) <= 200 for _, key in rows)
    stored = json.loads(json.dumps(list(rows.values())))
    back = answer_of(
        [(kind, value, NOW) for (kind, _), value in zip(rows, stored, strict=True)], "x"
    )
    assert back == answer
