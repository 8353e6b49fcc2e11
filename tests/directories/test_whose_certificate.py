"""Who must have issued a member's certificate, as each kind of source says it."""

import json
from pathlib import Path

from gateway.config.convert import roster
from parsers import scim, voms
from parsers.people_file import read_file
from tests.directories.test_readers_of_people import scim_page
from tests.proofs.mails import configured


def test_the_configuration_may_name_the_issuers_of_a_members_certificates(tmp_path: Path) -> None:
    text = """
[[vo]]
name = "atlas"
[[member]]
name = "A"
certificates = ["/CN=a"]
issuers = ["/CN=CA", "CN=CA 2"]
vo = "atlas"
[[member]]
name = "B"
certificates = ["/CN=b"]
vo = "atlas"
"""
    people = roster(configured(tmp_path, text))
    assert [one.name for one in people.with_certificate("CN=a", "CN=CA")] == ["A"]
    assert [one.name for one in people.with_certificate("/CN=a", "/CN=CA 2")] == ["A"]
    assert people.with_certificate("/CN=a", "/CN=CA 3") == ()
    assert [one.name for one in people.with_certificate("/CN=b", "/CN=CA 3")] == ["B"]


def test_a_certificate_of_a_file_may_be_of_any_of_the_issuers_that_it_names() -> None:
    text = "name,certificates,issuers\nA,/CN=a;/CN=b,/CN=CA;/CN=CA 2\nB,/CN=b,\n"
    a, b = read_file(text.encode(), "atlas", as_csv=True).members
    cas = ("/CN=CA", "/CN=CA 2")
    assert set(a.registered) == {(dn, ca) for dn in ("/CN=a", "/CN=b") for ca in cas}
    assert b.registered == (("/CN=b", ""),)


def test_iam_names_the_issuer_of_each_certificate_and_one_that_is_unclear_counts_for_nobody() -> (
    None
):
    certificates = [
        {"subjectDn": "CN=a", "issuerDn": "CN=CA"},
        {"subjectDn": "CN=a", "issuerDn": "CN=CA 2"},
        {"subjectDn": "CN=b"},
        {"subjectDn": "CN=c", "issuerDn": "CN=two\nlines"},
    ]
    account = {"id": "1", "active": True, scim.INDIGO: {"certificates": certificates}}
    page = scim.read_accounts(scim_page([account]), "atlas", ["alarm"])
    assert page is not None
    registered = page.members[0].registered
    assert registered == (("CN=a", "CN=CA"), ("CN=a", "CN=CA 2"), ("CN=b", ""))
    assert "without readable names" in page.notes[0]


def test_voms_bars_every_certificate_of_a_name_that_it_has_suspended() -> None:
    certificates = [
        {"subjectString": "/CN=a", "issuerString": "/CN=CA"},
        {"subjectString": "/CN=a", "issuerString": "/CN=two\nlines", "suspended": True},
        {"subjectString": "/CN=b", "issuerString": "/CN=CA"},
    ]
    page = voms.read_users(
        json.dumps({"result": [{"certificates": certificates}]}).encode(), "", {}
    )
    assert page is not None
    (one,) = page.members
    assert (one.registered, one.suspended_certificates) == ((("/CN=b", "/CN=CA"),), ("/CN=a",))
