"""What each reader makes of documents of the directories' shapes, traps included."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from parsers import gocdb, scim, topology, voms
from parsers.errors import Malformed
from parsers.people_file import read_file
from tests.directories.playing import document

ROLES = {"team": ("/atlas/team",), "alarm": ("/atlas/alarm",)}


def users(*entries: Any, **more: Any) -> bytes:
    return json.dumps({"startIndex": 0, "count": len(entries), "result": entries, **more}).encode()


def test_a_site_has_its_fields_and_several_contacts() -> None:
    page = gocdb.read_sites(document("gocdb-sites.xml"))
    fjell = page.sites[0]
    assert (fjell.name, fjell.roc, fjell.tier, fjell.certification) == (
        "FJELL-LCG2", "NGI_NORTH", 1, "Certified",
    )  # fmt: skip
    assert fjell.contacts == ("admins@fjell.example", "ops@fjell.example")
    assert fjell.alarm_addresses == ("t1-alarms@fjell.example",)
    assert page.amount == 5


def test_an_alarm_address_that_is_left_out_or_empty_is_none() -> None:
    sites = {site.name: site for site in gocdb.read_sites(document("gocdb-sites.xml")).sites}
    assert sites["DUIN-ELPROD"].alarm_addresses == ()
    assert sites["Izola MRF"].alarm_addresses == ()


def test_a_tier_may_stand_in_the_scopes_only() -> None:
    sites = {site.name: site for site in gocdb.read_sites(document("gocdb-sites.xml")).sites}
    assert sites["DUIN-ELPROD"].tier == 1
    assert sites["MOOR-GRID"].tier == 2


def test_what_cannot_be_used_is_said_and_spoils_nothing_else() -> None:
    page = gocdb.read_sites(document("gocdb-sites.xml"))
    assert [site.name for site in page.sites] == [
        "FJELL-LCG2", "DUIN-ELPROD", "Izola MRF", "MOOR-GRID",
    ]  # fmt: skip
    assert "A site without a name is left out." in page.notes
    assert any("Izola MRF" in note and "no contact address" in note for note in page.notes)
    assert not next(s for s in page.sites if s.name == "MOOR-GRID").routable


def test_a_rocs_helpdesk_comes_before_its_office_and_an_empty_one_is_passed_over() -> None:
    page = gocdb.read_rocs(document("gocdb-ngis.xml"))
    assert [(roc.name, roc.addresses) for roc in page.rocs] == [
        ("NGI_NORTH", ("helpdesk@ngi-north.example",)),
        ("NGI_SOUTH", ("office@ngi-south.example",)),
        ("NGI_SILENT", ()),
    ]
    assert any("NGI_SILENT has no address" in note for note in page.notes)


def test_downtimes_have_their_times_severity_and_service() -> None:
    page = gocdb.read_downtimes(document("gocdb-downtimes.xml"))
    first = page.downtimes[0]
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert (first.site, first.severity, first.classification) == (
        "FJELL-LCG2", "OUTAGE", "SCHEDULED",
    )  # fmt: skip
    assert first.starts_at == datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert first.ongoing(noon)
    assert not first.upcoming(noon)
    assert first.services == ("SRM on se.fjell.example",)
    assert first.description == "Tape robot is moved"
    warning = page.downtimes[2]
    assert (warning.severity, warning.upcoming(noon)) == ("WARNING", True)
    assert any("903G0 cannot be read" in note for note in page.notes)


def test_an_error_of_gocdb_is_no_answer() -> None:
    with pytest.raises(Malformed) as raised:
        gocdb.read_downtimes(b"<results><error>ongoing_only excludes startdate</error></results>")
    assert "ongoing_only" in raised.value.detail


def test_a_next_link_gives_its_question_and_nothing_else() -> None:
    page = gocdb.read_sites(
        b'<results><meta><link rel="next" href="https://evil.example/x?method=get_site&amp;'
        b'next_cursor=7"/></meta></results>'
    )
    assert page.next_query == (("method", "get_site"), ("next_cursor", "7"))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html><body>Please log in</body></html>",
        b"<results>",
        b'<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><results>&b;</results>',
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]><results>&x;</results>',
        b'<!DOCTYPE r SYSTEM "http://127.0.0.1/x.dtd"><results/>',
        b'<?xml version="1.0" encoding="utf-7"?><results/>',
        b'<?xml version="1.0" encoding="nonsense"?><results/>',
        b"<results>\x00</results>",
    ],
    ids=["nothing", "login", "cut", "bomb", "file", "dtd", "utf-7", "encoding", "nul"],
)
def test_xml_that_is_no_answer_is_malformed(raw: bytes) -> None:
    for read in (gocdb.read_sites, gocdb.read_rocs, gocdb.read_downtimes, topology.read_summary):
        with pytest.raises(Malformed):
            read(raw)


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


def test_a_resource_of_topology_is_a_site_with_the_first_administrators_pager() -> None:
    summary = topology.read_summary(document("topology.xml"), "OSG")
    prairie, old = summary.sites
    assert (prairie.name, prairie.aliases, prairie.roc) == ("PRAIRIE-ATLAS", ("PRAIRIE-T1",), "OSG")
    assert prairie.contacts == ("first@prairie.example", "second@prairie.example")
    assert prairie.alarm_addresses == ("sms@prairie.example",)
    assert prairie.routable
    assert not old.routable
    centre = topology.read_summary(document("topology.xml")).sites[0].roc
    assert centre == "Community Support Center"


TOML = b"""
[[site]]
name = "HARBOUR MRF"
roc = "NGI_SOUTH"
tier = 2
contact = "a@harbour.example; b@harbour.example"
[[roc]]
name = "NGI_SOUTH"
address = ["desk@south.example"]
[[member]]
name = "Emil"
addresses = ["emil@biomed.example"]
roles = ["team"]
until = 2027-01-01
"""


def test_a_toml_file_has_sites_rocs_and_people() -> None:
    answer = read_file(TOML, "biomed")
    assert answer.sites[0].contacts == ("a@harbour.example", "b@harbour.example")
    assert answer.rocs[0].addresses == ("desk@south.example",)
    emil = answer.members[0]
    assert (emil.vo, emil.roles) == ("biomed", {"team"})
    assert emil.until == datetime(2027, 1, 1, tzinfo=UTC)


def test_a_csv_file_of_people_has_lists_in_its_cells() -> None:
    raw = (
        "\ufeffname,addresses,certificates,vo,roles,suspended\r\n"
        'Ada,ada@atlas.example; a@x.example,"/CN=a, b/x;/CN=c",atlas,team;alarm,no\r\n'
        "Susan,susan@atlas.example,,atlas,alarm,yes\r\n"
    ).encode()
    ada, susan = read_file(raw, as_csv=True).members
    assert ada.addresses == ("ada@atlas.example", "a@x.example")
    assert ada.certificates == ("/CN=a, b/x", "/CN=c")
    assert ada.roles == {"team", "alarm"}
    assert susan.suspended


def test_a_csv_file_without_peoples_columns_lists_sites() -> None:
    (site,) = read_file(b"name,roc,tier,contact\nX-1,NGI_X,1,a@x.example\n", as_csv=True).sites
    assert (site.name, site.tier, site.contacts) == ("X-1", 1, ("a@x.example",))


@pytest.mark.parametrize(
    ("raw", "as_csv", "why"),
    [
        (b'[[member]]\nname = "A"\nrole = ["team"]', False, "role: is not a key"),
        (b'[[member]]\nname = "A"\nroles = ["boss"]', False, "'boss' is none of"),
        (b'[[member]]\naddresses = ["a@x.example"]', False, "name: is missing"),
        (b'[[member]]\nname = "A"\naddresses = ["nobody"]', False, "no mail address"),
        (b'[[person]]\nname = "A"', False, "[[person]]"),
        (b"member = 1", False, "member is no"),
        (b'[[site]]\nname = "A"\ntier = 9', False, "tier: must be"),
        (b'[[site]]\nname = "A"\ncertification = "fine"', False, "'fine' is none"),
        (b'[[member]]\nname = "A"\nuntil = "soon"', False, "until:"),
        (b'[[member]]\nname = "A"\nsuspended = "maybe"', False, "must be true or false"),
        (b"[[member", False, ""),
        (b"\xff", False, "byte 0"),
        (b"addresses,roles\na@x.example,team\n", True, "first line"),
        (b"name,addresses\nA,a@x.example,more\n", True, "row 1"),
        (b'name,addresses\nA,"a@x.example\n', True, ""),
    ],
)
def test_a_fault_in_a_file_of_ours_is_a_fault_of_the_whole_file(
    raw: bytes, as_csv: bool, why: str
) -> None:
    with pytest.raises(Malformed) as raised:
        read_file(raw, as_csv=as_csv)
    assert why in raised.value.detail
