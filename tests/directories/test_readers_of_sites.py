"""What the readers of sites make of their documents, traps included."""

from datetime import UTC, datetime

import pytest

from parsers import gocdb, topology
from parsers.errors import Malformed
from tests.directories.playing import document

ROLES = {"team": ("/atlas/team",), "alarm": ("/atlas/alarm",)}


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
