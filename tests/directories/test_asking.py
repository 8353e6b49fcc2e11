"""Asking real servers over TLS: what they require, how they page, all that goes wrong."""

from collections.abc import Callable

import pytest

from gateway.directories.reading import Heard
from router.directories import Said
from tests.directories.playing import (
    Asked,
    Player,
    Reply,
    document,
    gocdb,
    iam,
    many_users,
    voms,
)


def test_gocdb_gives_sites_rocs_and_downtimes_to_our_certificate(
    ask: Callable[..., Heard], player: Player
) -> None:
    heard = ask("gocdb")
    assert heard.answer is not None, heard.detail
    assert [site.name for site in heard.answer.sites] == [
        "FJELL-LCG2", "DUIN-ELPROD", "Izola MRF", "MOOR-GRID",
    ]  # fmt: skip
    assert len(heard.answer.rocs) == 3
    assert [(one.id, len(one.services)) for one in heard.answer.downtimes] == [
        ("900G0", 2), ("901G0", 1),
    ], "the services of one downtime are one, and what is over is left out"  # fmt: skip
    assert all("CN=robot.helpdesk.example" in one.subject.replace("commonName", "CN")
               for one in player.asked)  # fmt: skip
    assert player.asked[0].path == "/gocdbpi/private/"
    assert player.asked[0].query["exclude_certification_status"] == "Closed"
    assert player.asked[2].query["windowend"] == "2026-04-01"


def test_gocdb_is_paged_by_its_cursor_at_the_host_that_we_ask(
    ask: Callable[..., Heard], player: Player
) -> None:
    player.answers["/gocdbpi"] = gocdb(page_size=2)
    heard = ask("gocdb")
    assert heard.answer is not None, heard.detail
    assert len(heard.answer.sites) == 4
    assert len(heard.answer.downtimes) == 2
    cursors = [
        one.query.get("next_cursor") for one in player.asked if "site" in one.query["method"]
    ]
    assert cursors == [None, "2", "4"]


def test_gocdb_may_be_asked_for_downtimes_only(ask: Callable[..., Heard], player: Player) -> None:
    heard = ask("gocdb", reads=("downtimes",), certificate=None, key=None)
    assert heard.said is Said.UNREACHABLE, "this server wants a certificate for anything"
    heard = ask("gocdb", reads=("downtimes",))
    assert heard.answer is not None
    assert not heard.answer.sites
    assert [one.query["method"] for one in player.asked] == ["get_downtime"]


def test_voms_wants_the_guard_and_is_paged_from_zero(
    ask: Callable[..., Heard], player: Player
) -> None:
    player.answers["/voms/atlas/apiv2/users"] = voms(many_users(250))
    heard = ask("voms")
    assert heard.answer is not None, heard.detail
    assert len(heard.answer.members) == 250
    assert [one.query["startIndex"] for one in player.asked] == ["0", "100", "200"]
    assert {one.headers["X-VOMS-CSRF-GUARD"] for one in player.asked} == {"y"}


@pytest.mark.parametrize(
    ("amount", "most"), [(0, 100), (1, 100), (100, 100), (101, 100), (120, 50)]
)
def test_no_user_is_lost_or_doubled_at_the_edge_of_a_page(
    ask: Callable[..., Heard], player: Player, amount: int, most: int
) -> None:
    player.answers["/voms/atlas/apiv2/users"] = voms(many_users(amount), most)
    heard = ask("voms")
    assert heard.answer is not None, heard.detail
    assert [one.id for one in heard.answer.members] == [str(n) for n in range(amount)]


def test_a_voms_whose_pages_count_from_one_is_not_whole(
    ask: Callable[..., Heard], player: Player
) -> None:
    honest = voms(many_users(150))

    def from_one(asked: Asked) -> Reply:
        start = int(asked.query["startIndex"])
        asked.query["startIndex"] = str(max(start - 1, 0) if start else 1)
        return honest(asked)

    player.answers["/voms/atlas/apiv2/users"] = from_one
    heard = ask("voms")
    assert (heard.said, heard.answer) == (Said.BROKEN, None)
    assert "149 came" in heard.detail


def test_a_group_that_nobody_is_in_is_asked_about(
    ask: Callable[..., Heard],
) -> None:
    heard = ask("voms", alarm=("/atlas/ALARM",))
    assert heard.answer is not None
    assert any("/atlas/ALARM: is the name right?" in note for note in heard.answer.notes)


def test_iam_wants_the_token_and_is_paged_from_one(
    ask: Callable[..., Heard], player: Player
) -> None:
    player.answers |= {"/scim": iam(most=3), "/iam": iam(most=2)}
    heard = ask("iam")
    assert heard.answer is not None, heard.detail
    found = {one.id: one.roles for one in heard.answer.members}
    assert found == {
        "ada-id": {"team", "alarm"}, "bo-id": {"team"}, "susan-id": {"alarm"}, "egon-id": {"alarm"},
    }  # fmt: skip
    groups = [one.query["startIndex"] for one in player.asked if one.path == "/scim/Groups"]
    assert groups == ["1", "4"]


def test_a_group_that_iam_does_not_know_is_null_and_not_empty(ask: Callable[..., Heard]) -> None:
    heard = ask("iam", alarm=("/atlas/alarms",))
    assert (heard.said, heard.answer) == (Said.NULL, None)
    assert "/atlas/alarms" in heard.detail


def test_topology_is_read(ask: Callable[..., Heard], player: Player) -> None:
    player.answers["/rgsummary/xml"] = lambda _: Reply(document("topology.xml"), kind="text/xml")
    heard = ask("topology", roc="OSG")
    assert heard.answer is not None, heard.detail
    assert [site.roc for site in heard.answer.sites] == ["OSG", "OSG"]
