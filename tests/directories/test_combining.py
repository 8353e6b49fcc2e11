"""Several sources that name the same site or person: who comes first, and what beats that."""

from datetime import timedelta

import pytest

from parsers.directory import Answer
from parsers.registry import Registry, Roc, Site
from parsers.roster import Member
from router.federation import Federation, Source, combine, without_alarm_address
from tests.cost import costs_less_than
from tests.directories.conftest import NOW

ALARM = frozenset({"alarm"})
DN = "/DC=org/DC=example/CN=Ada"


def of_sites(name: str, *sites: Site, given: dict[str, set[str]] | None = None) -> Source:
    named = tuple((site, frozenset(fields)) for site, fields in (given or {}).items())
    return Source(name, Answer(sites=sites), named)


def ada(source: str, **more: object) -> Member:
    values: dict[str, object] = {
        "addresses": ("ada@atlas.example",), "certificates": (DN,), "vo": "atlas", "roles": ALARM,
    } | more  # fmt: skip
    return Member("Ada", source=source, **values)  # type: ignore[arg-type]


def of_people(*sources: tuple[str, tuple[Member, ...]]) -> Federation:
    return combine([Source(name, Answer(members=members)) for name, members in sources], NOW)


def barred(federation: Federation) -> list[str]:
    return [entry.barred for entry in federation.entries]


def test_a_field_by_hand_comes_first_and_a_directory_fills_the_others() -> None:
    hand = Site("FJELL-LCG2", aliases=("NO-FJELL",), source="config")
    goc = Site("fjell-lcg2", roc="NGI", tier=1, certification="Suspended",
               contacts=("a@x.example",), source="goc", updated_at=NOW)  # fmt: skip
    federation = combine(
        [of_sites("config", hand, given={"FJELL-LCG2": {"name", "aliases"}}),
         of_sites("goc", goc)], NOW,
    )  # fmt: skip
    (site,) = federation.registry.sites
    assert (site.name, site.aliases, site.roc, site.tier) == ("FJELL-LCG2", ("NO-FJELL",), "NGI", 1)
    assert site.certification == "Suspended", "the default of what was not written does not count"
    assert (site.source, site.updated_at) == ("config+goc", NOW)
    assert federation.registry.find_sites("no-fjell") == (site,)


def test_what_is_written_by_hand_beats_a_directory_even_when_it_is_empty() -> None:
    hand = Site("A", certification="Closed", alarm_addresses=(), source="config")
    goc = Site("A", certification="Certified", alarm_addresses=("b@x.example",), source="goc")
    given = {"A": {"certification", "alarm_addresses"}}
    (site,) = combine(
        [of_sites("config", hand, given=given), of_sites("goc", goc)], NOW
    ).registry.sites
    assert not site.routable
    assert site.alarm_addresses == ()
    assert site.source == "config"


def test_of_two_directories_the_first_that_knows_a_field_counts() -> None:
    first = Site("A", roc="R1", source="one")
    second = Site("A", roc="R2", contacts=("a@x.example",), source="two")
    (site,) = combine([of_sites("one", first), of_sites("two", second)], NOW).registry.sites
    assert (site.roc, site.contacts, site.source) == ("R1", ("a@x.example",), "one+two")


def test_a_roc_without_an_address_is_left_to_the_next_source() -> None:
    sources = [
        Source("goc", Answer(rocs=(Roc("R", ()), Roc("NONE", ())))),
        Source("file", Answer(rocs=(Roc("R", ("desk@x.example",), source="file"),))),
    ]
    assert combine(sources, NOW).registry.rocs == (Roc("R", ("desk@x.example",), source="file"),)


def test_the_supporters_of_a_roc_are_named_by_hand_and_its_address_by_a_directory() -> None:
    hand = Roc("ngi_de", (), supporters=("rosa@roc.example",))
    goc = Roc("NGI_DE", ("desk@roc.example",), source="goc")
    registry = combine([Source("config", Answer(rocs=(hand,))), Source("goc", Answer(rocs=(goc,)))],
                       NOW).registry  # fmt: skip
    unit = registry.find_unit("NGI_DE")
    assert unit is not None
    assert (unit.name, unit.addresses) == ("NGI_DE", ("desk@roc.example",))
    assert unit.supporters == ("rosa@roc.example",)


def test_a_person_belongs_to_the_first_source_where_there_is_a_right() -> None:
    hand, voms = ada("config", alarm_sites=("A",)), ada("voms")
    federation = of_people(("config", (hand,)), ("voms", (voms,)))
    assert federation.roster.members == (hand,)
    assert barred(federation) == ["", "config comes first"]


def test_a_person_without_a_role_in_one_source_keeps_that_of_the_next() -> None:
    federation = of_people(("voms", (ada("voms", roles=frozenset()),)), ("file", (ada("file"),)))
    assert [one.source for one in federation.roster.members] == ["file"]


def test_the_same_person_in_another_vo_is_another_matter() -> None:
    federation = of_people(("a", (ada("a"),)), ("b", (ada("b", vo="cms"),)))
    assert [one.vo for one in federation.roster.members] == ["atlas", "cms"]


def test_nobody_suspended_or_expired_has_a_right() -> None:
    members = (ada("v", suspended=True), ada("v", until=NOW, certificates=("/CN=b",)))
    federation = of_people(("v", members))
    assert federation.roster.members == ()
    assert barred(federation) == ["suspended in v", "the membership ended on 2026-03-02"]


def test_a_suspension_beats_the_sources_before_it() -> None:
    federation = of_people(("config", (ada("config"),)), ("v", (ada("v", suspended=True),)))
    assert federation.roster.members == ()
    assert barred(federation) == ["suspended in v", "suspended in v"]


@pytest.mark.parametrize(
    "other", [{"addresses": ("ada@home.example",)}, {"certificates": ("/CN=other",)}],
    ids=["another address", "another certificate"],
)  # fmt: skip
def test_who_is_suspended_has_no_right_by_what_else_another_source_knows(
    other: dict[str, object],
) -> None:
    hand = ada("config", **other)
    federation = of_people(("config", (hand,)), ("v", (ada("v", suspended=True),)))
    assert federation.roster.members == ()
    assert barred(federation) == ["suspended in v", "suspended in v"]


def test_a_suspended_certificate_counts_nowhere_and_the_others_do() -> None:
    hand = ada("config", certificates=(DN, "/CN=new"), issuers=("/CN=CA", "/CN=CA2"))
    voms = ada("v", certificates=(), suspended_certificates=(DN,), addresses=(), roles=frozenset())
    (member,) = of_people(("config", (hand,)), ("v", (voms,))).roster.members
    assert (member.certificates, member.issuers) == (("/CN=new",), ("/CN=CA2",))
    assert member.addresses == hand.addresses


def test_an_old_suspended_registration_does_not_bar_the_new_one_of_the_same_address() -> None:
    before = ada("v", certificates=("/CN=before",), suspended=True, id="1")
    now = ada("v", id="2")
    assert of_people(("v", (before, now))).roster.members == (now,)


def test_a_certificate_of_a_suspended_registration_is_barred_in_the_new_one_too() -> None:
    before, now = ada("v", suspended=True, id="1", addresses=()), ada("v", id="2")
    (member,) = of_people(("v", (before, now))).roster.members
    assert member.certificates == ()
    assert member.addresses == now.addresses


def test_the_next_end_of_a_membership_is_known() -> None:
    soon, late = NOW + timedelta(hours=1), NOW + timedelta(days=9)
    members = (ada("v", until=late), ada("v", until=soon, addresses=(), certificates=("/CN=b",)))
    federation = of_people(("v", members))
    assert federation.until == soon
    assert len(federation.roster.members) == 2


def test_certified_sites_of_tier_0_and_1_without_alarm_address_are_found() -> None:
    federation = combine([of_sites(
        "goc", Site("T0", tier=0), Site("T1", tier=1, alarm_addresses=("a@x.example",)),
        Site("T1-closed", tier=1, certification="Closed"), Site("T2", tier=2), Site("T?"),
    )], NOW)  # fmt: skip
    assert [site.name for site in without_alarm_address(federation.registry)] == ["T0"]


def test_a_site_by_hand_that_waits_for_a_directory_is_not_certified_without_one() -> None:
    noted = Site("A-1", aliases=("NO-A",), source="config")
    ours = Site("B-1", roc="NGI", source="config")
    said = Site("C-1", certification="Certified", source="config")
    given = {"A-1": {"name", "aliases"}, "B-1": {"name", "roc"}, "C-1": {"name", "certification"}}
    hand = of_sites("config", noted, ours, said, given=given)
    sites = combine([hand, of_sites("goc", Site("D-1"))], NOW).registry.sites
    assert {site.name: site.routable for site in sites} == {
        "A-1": False, "B-1": True, "C-1": True, "D-1": True,
    }, "closed sites are not even read, so the alias alone must not keep one open"  # fmt: skip


def test_many_sites_are_put_together_in_a_moment() -> None:
    with costs_less_than(5):  # no site is looked for among all others
        registry = Registry(tuple(Site(f"S-{n}", aliases=(f"T-{n}",)) for n in range(20_000)))
        assert registry.find_sites("t-19999")[0].name == "S-19999"
