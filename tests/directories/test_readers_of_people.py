"""What the readers of people make of their documents, traps included."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from parsers import scim, voms
from parsers.directory import MAX_JSON_BYTES
from parsers.errors import Malformed
from tests.directories.playing import document

ROLES = {"team": ("/atlas/team",), "alarm": ("/atlas/alarm",)}


def users(*entries: Any, **more: Any) -> bytes:
    return json.dumps({"startIndex": 0, "count": len(entries), "result": entries, **more}).encode()


def page_of(raw: bytes) -> voms.Page:
    page = voms.read_users(raw, "atlas", ROLES)
    assert page is not None
    return page


def people() -> dict[str, Any]:
    raw = users(*json.loads(document("voms-users.json")))
    return {member.id: member for member in page_of(raw).members}


def test_a_member_has_the_roles_of_exactly_the_named_groups() -> None:
    found = people()
    assert found["4"].roles == {"team", "alarm"}
    assert found["5"].roles == {"alarm"}, "Role=NULL is no role"
    assert found["8"].roles == {"team"}
    assert found["9"].roles == frozenset(), "teamwork is not team, a role in a group not the group"


def test_a_slash_inside_a_cn_stays_in_its_dn() -> None:
    robot = people()["5"]
    assert robot.certificates == ("/C=DE/O=ExampleGrid/OU=Robots/CN=alarm/robot.atlas.example",)
    assert robot.issuers == ("/C=DE/O=ExampleGrid/CN=CA",)


def test_suspended_people_certificates_and_ends_are_kept_and_said() -> None:
    found = people()
    assert found["6"].suspended
    assert found["4"].certificates == ("/DC=org/DC=example/CN=Ada Example",)
    assert found["4"].suspended_certificates == ("/DC=org/DC=example/CN=Ada Old",)
    assert found["7"].expired(datetime(2026, 1, 1, tzinfo=UTC))
    assert found["9"].until is None


def test_names_keep_their_letters() -> None:
    zofie = people()["8"]
    assert zofie.name == "Žofie Nováková-Ærø"
    assert zofie.certificates == ("/DC=org/DC=example/CN=Žofie Nováková",)


def test_a_null_of_voms_is_not_an_empty_list() -> None:
    assert voms.read_users(b"null", "atlas", ROLES) is None
    assert voms.read_users(b'{"result": null}', "atlas", ROLES) is None
    assert page_of(users()).members == ()


def test_an_end_that_cannot_be_read_is_an_end() -> None:
    page = page_of(users({"id": 1, "name": "A", "endTime": "next year", "fqans": ["/atlas/team"]}))
    assert page.members[0].suspended
    assert "counts as over" in page.notes[0]


@pytest.mark.parametrize("flag", [True, "true", 1, "yes", []])
def test_whatever_is_not_false_is_suspended(flag: object) -> None:
    assert page_of(users({"id": 1, "suspended": flag})).members[0].suspended


def test_a_dn_that_cannot_be_kept_as_it_is_is_left_out() -> None:
    entry = {
        "id": 1,
        "certificates": [
            {"subjectString": "/CN=two\nlines"},
            {"subjectString": "/CN=" + "x" * 2_000},
            {"subjectString": None},
            {"subjectString": "/CN=a\u202eb"},
            "no object",
        ],
    }
    page = page_of(users(entry))
    assert page.members[0].certificates == ()
    assert page.notes


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"7", b"{}", b'{"result": {}}', b'{"result": [1]}', b"[" * 100_000,
     b"\xff\xfe", b'{"result": [], "count": ' + b"9" * 6_000 + b"}"],
)  # fmt: skip
def test_json_that_is_no_page_of_users_is_malformed(raw: bytes) -> None:
    with pytest.raises(Malformed):
        voms.read_users(raw, "atlas", ROLES)


def scim_page(entries: Any, **more: Any) -> bytes:
    body = {"totalResults": len(entries or ()), "startIndex": 1, "Resources": entries}
    return json.dumps(body | more).encode()


def test_accounts_of_iam_have_rfc_2253_dns_and_their_groups_role() -> None:
    world = json.loads(document("iam.json"))["users"]
    page = scim.read_accounts(scim_page(list(world.values())), "atlas", ["alarm"])
    assert page is not None
    ada, bo, susan, egon = page.members
    assert ada.certificates == ("CN=Ada Example,DC=example,DC=org",)
    assert ada.issuers == ("CN=CA,DC=example,DC=org",)
    assert (ada.name, ada.roles, ada.suspended) == ("Ada Exämple", {"alarm"}, False)
    assert ada.until == datetime(2030, 12, 12, 15, 41, 50, tzinfo=UTC)
    assert (bo.name, bo.certificates) == ("Bo", ())
    assert susan.suspended
    assert egon.expired(datetime(2026, 1, 1, tzinfo=UTC))


def test_an_account_that_does_not_say_that_it_is_active_is_not() -> None:
    page = scim.read_accounts(scim_page([{"id": "x"}]), "atlas", ["alarm"])
    assert page is not None
    assert page.members[0].suspended


def test_pages_of_scim_count_from_one() -> None:
    page = scim.read_groups(scim_page([{"id": "a", "displayName": "a"}] * 2, totalResults=5))
    assert page is not None
    assert page.start == 3
    last = scim.read_groups(
        scim_page([{"id": "a", "displayName": "a"}], totalResults=5, startIndex=5)
    )
    assert last is not None
    assert last.start is None


def test_a_scim_list_without_entries_needs_no_resources_but_null_is_null() -> None:
    page = scim.read_groups(b'{"totalResults": 0, "startIndex": 1}')
    assert page is not None
    assert page.groups == ()
    assert scim.read_groups(b"null") is None
    assert scim.read_groups(b'{"totalResults": 3, "Resources": null}') is None
    with pytest.raises(Malformed):
        scim.read_groups(b'{"totalResults": 3}')


@pytest.mark.parametrize("read", [lambda raw: voms.read_users(raw, "atlas", ROLES),
                                  scim.read_groups], ids=["voms", "iam"])  # fmt: skip
def test_a_page_so_long_that_reading_it_would_hold_up_alarms_is_refused(
    read: Callable[[bytes], object],
) -> None:
    raw = users({"id": 1}, padding="x" * MAX_JSON_BYTES)
    with pytest.raises(Malformed) as raised:
        read(raw)
    assert raised.value.public == "It is too long."
