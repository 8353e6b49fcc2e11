"""A drill through two sites, its report, its end; and the daily sign of life, answered."""

import json

from store.alarm_listing import AlarmRow
from store.engine import open_store
from store.paging import hooks_heard
from tests.alarms.whole.federation import ANNA, NOBODY, Federation
from tests.hook.site import Site


def typed(federation: Federation, *words: str) -> str:
    """Run a command of the operator's; return what it prints."""
    done = federation.desk.typed(*words)
    assert done.code == 0, done.err
    return done.out


def shown(site: Site) -> tuple[str, ...]:
    """Return status and mode of what the site's monitoring was told last."""
    return tuple(site.shown()[-1].split()[2:4]) if site.shown() else ()


def test_a_drill_pages_two_sites_and_its_end_makes_both_well_again(troubled: Federation) -> None:
    names = ("T1-ALIAS", "T1-PROCMAIL")
    sites = [troubled.sites[name] for name in names]
    typed(troubled, "drill", "atlas", *names, "--by", ANNA, "--name", "november")
    for site in sites:
        troubled.until(lambda site=site: shown(site) == ("firing", "exercise"), "it pages")

    def rows() -> list[AlarmRow]:
        return sorted(troubled.alarms("november"), key=lambda row: row.site)

    troubled.until(lambda: all(row.receipt_at for row in rows()), "both receipts")
    sites[0].run("ack", str(rows()[0].ticket), "we are here", "--by", "Olga Op", **NOBODY)
    troubled.until(lambda: rows()[0].answered_at, "one answer")
    told = typed(troubled, "drills", "november")
    assert "Olga Op at T1-ALIAS" in told
    assert "sites where nobody answered: T1-PROCMAIL" in told
    typed(troubled, "drills", "november", "--close")
    for site in sites:
        troubled.until(lambda site=site: shown(site) == ("resolved", "exercise"), "it is over")
    assert all(row.over_at for row in rows())
    table = typed(troubled, "drills", "november", "--csv").splitlines()
    assert [line.split(",")[1] for line in table] == ["site", *names]
    assert [line.split(",")[6] for line in table[1:]] == ["Olga Op at T1-ALIAS", ""]


def test_the_sign_of_life_is_answered_by_the_hook(troubled: Federation) -> None:
    """T1-SIEVE is said to have a hook, so it is asked on the first day; it raises nothing."""
    site = troubled.sites["T1-SIEVE"]

    def heard() -> bool:
        store = open_store(troubled.desk.store_url)
        try:
            with store.reading() as conn:
                return "t1-sieve" in hooks_heard(conn)
        finally:
            store.close()

    troubled.until(heard, "the hook answers")
    said = json.loads(site.run("status", "--json", **NOBODY).stdout)
    assert "helpdesk.example" in said["helpdesk_heard"]
    assert not [line for line in site.shown() if "heartbeat" in line]
