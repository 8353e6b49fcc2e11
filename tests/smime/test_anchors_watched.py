"""What is wrong with the trust anchors, now or soon, and that the operator hears of it daily."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select

from gateway.clock import keep_daily, tick
from gateway.proofs.anchors_check import said_of_anchors
from router.registers import ANCHORS
from store.tables import outbox
from tests.smime.authority import DAY, NOW, Holder, authority, crl, key, trust_directory
from tests.stage import Stage

WORLD = Path(__file__).parent.parent / "worlds/wlcg.toml"
OTHER = authority([("CN", "Other CA")], secret=key("ec", 60))


class Helpdesk(Stage):
    """A helpdesk whose operator has a trust directory."""

    trust: Path

    def authorities(self, *all_of_them: Holder, lists: bool = True) -> None:
        for path in self.trust.iterdir():
            path.unlink()
        trust_directory(self.trust, *all_of_them, lists=lists)

    def said_now(self) -> list[str]:
        return said_of_anchors(self.config, self.now).splitlines()

    def daemon_runs(self, days: float) -> None:
        """Let the clock go on, with a start and a tick each hour."""
        found = {ANCHORS: partial(said_of_anchors, self.config)}
        for _ in range(int(days * 24)):
            keep_daily(self.desk, found)
            tick(self.desk, found)
            tick(self.desk, found)
            self.now += timedelta(hours=1)

    def notices(self) -> list[list[str]]:
        query = select(outbox.c["values"]).where(outbox.c.kind == "operator-notice")
        with self.store.reading() as conn:
            rows = conn.execute(query.order_by(outbox.c.id)).scalars().all()
        return [[one["title"], *one["lines"]] for one in rows]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Helpdesk]:
    trust = tmp_path / "trust"
    trust.mkdir()
    world = tmp_path / "world.toml"
    world.write_text(WORLD.read_text() + '\n[proof]\nanchors = "trust"\n')
    helpdesk = Helpdesk(tmp_path, world, NOW)
    helpdesk.trust = trust
    yield helpdesk
    helpdesk.store.close()


def test_good_anchors_with_fresh_lists_are_no_news(desk: Helpdesk) -> None:
    desk.authorities(authority(), OTHER)
    assert desk.said_now() == []
    desk.daemon_runs(days=2)
    assert desk.notices() == []


def test_what_is_stale_or_missing_is_said(desk: Helpdesk) -> None:
    desk.authorities(authority(), OTHER)
    (desk.trust / "ca0.r0").write_bytes(crl(authority(), start=NOW - 9 * DAY, days=8))
    (desk.trust / "ca1.r0").unlink()
    assert desk.said_now() == [
        "CN=Example Grid CA,DC=example,DC=org: the CRL of its issuer is stale: run fetch-crl",
        "CN=Other CA: there is no CRL of its issuer: run fetch-crl",
    ]


@pytest.mark.parametrize(
    ("lived", "lives", "soon"),
    [
        (27 * DAY, 2.9 * DAY, True),
        (27 * DAY, 3.1 * DAY, False),
        (0.7 * DAY, 0.3 * DAY, False),  # made for a day: the next one comes in time
        (0.8 * DAY, 0.2 * DAY, True),
    ],
)
def test_a_list_that_grows_stale_soon_is_said_in_the_measure_of_its_life(
    desk: Helpdesk, lived: timedelta, lives: timedelta, soon: bool
) -> None:
    desk.authorities(OTHER)
    days = (lived + lives) / DAY
    (desk.trust / "ca0.r0").write_bytes(crl(OTHER, start=NOW - lived, days=days))
    when = f"{NOW + lives:%Y-%m-%d %H:%M} UTC"
    told = f"CN=Other CA: the CRL of its issuer grows stale at {when}: run fetch-crl"
    assert desk.said_now() == ([told] if soon else [])
    (desk.trust / "ca0.r1").write_bytes(crl(OTHER))
    assert desk.said_now() == [], "a newer list is there beside it"


def test_an_authority_that_expires_is_said_a_month_before_and_its_lists_no_more_after(
    desk: Helpdesk,
) -> None:
    soon = authority([("CN", "Soon CA")], secret=key("ec", 61), days=365 + 29)
    gone = authority([("CN", "Gone CA")], secret=key("ec", 62), days=364)
    desk.authorities(OTHER, soon, gone)
    (desk.trust / "ca2.r0").unlink()
    assert desk.said_now() == [
        f"CN=Soon CA: it expires on {NOW + 29 * DAY:%Y-%m-%d}",
        f"CN=Gone CA: it has expired on {NOW - DAY:%Y-%m-%d}",
    ]


def test_lists_that_need_not_be_there_are_looked_at_when_they_are(desk: Helpdesk) -> None:
    proof = desk.config.proof.model_copy(update={"crl": "if-present"})
    desk.config = desk.config.model_copy(update={"proof": proof})
    desk.authorities(OTHER, lists=False)
    assert desk.said_now() == []
    (desk.trust / "ca0.r0").write_bytes(crl(OTHER, start=NOW - 9 * DAY, days=8))
    assert len(desk.said_now()) == 1


def test_the_operator_is_told_once_a_day_until_it_is_over(desk: Helpdesk) -> None:
    desk.authorities(OTHER, lists=False)
    desk.daemon_runs(days=1)
    desk.daemon_runs(days=1)
    assert (
        desk.notices()
        == [
            [
                "Trust anchors and revocation lists",
                "CN=Other CA: there is no CRL of its issuer: run fetch-crl",
                "All of it: ticketgate check-config",
            ]
        ]
        * 2
    )
    desk.authorities(OTHER)
    desk.daemon_runs(days=2)
    assert len(desk.notices()) == 2
    (desk.trust / "ca0.pem").write_bytes(b"nonsense")
    desk.daemon_runs(days=1)
    (notice,) = desk.notices()[2:]
    assert any("holds no certificate" in line for line in notice)
    assert any("no self-signed CA" in line for line in notice)


def test_hundreds_of_faults_are_one_mail_that_a_person_can_read(desk: Helpdesk) -> None:
    desk.authorities(OTHER)
    for number in range(150):
        (desk.trust / f"bad{number}.pem").write_bytes(b"nonsense")
    desk.daemon_runs(days=1)
    ((_, *lines),) = desk.notices()
    assert len(lines) == 102
    assert lines[-2] == "50 more are left out here."
