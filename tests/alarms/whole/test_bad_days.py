"""Bad days of a daemon and of real mail servers: each alarm arrives, or a person hears of it."""

import json
import os
import signal
from pathlib import Path
from typing import Any

from running import until

from tests.alarms.whole.federation import NOBODY, Federation, edit, text_of, timer
from tests.hook.site import Site
from tests.monitoring.alertmanager import Alertmanager

AWAY = "the site has the alarm, but its monitoring cannot be reached"


def ack(site: Site, ticket: int) -> None:
    done = site.run("ack", str(ticket), "on my way", "--by", "Olga Op", **NOBODY)
    assert done.returncode == 0, done.stderr


def lines(site: Site, ticket: int) -> list[str]:
    """What the site's monitoring was told of a ticket: sequence and status."""
    found = [line.split() for line in site.shown()]
    return [f"{one[1]} {one[2]}" for one in found if one[0].endswith(f"/{ticket}")]


def known(site: Site, ticket: int) -> list[dict[str, Any]]:
    """What the hook says of an alarm; nothing when it has not come yet."""
    said = json.loads(site.run("status", "--json", **NOBODY).stdout)
    return [one for one in said["alarms"] if one["alarm_id"].endswith(f"/{ticket}")]


def standing(site: Site, ticket: int) -> tuple[str, bool]:
    """How an alarm stands at its hook: its status, and whether each sink shows that."""
    (found,) = known(site, ticket)
    return found["status"], all(sink["shown"] for sink in found["sinks"].values())


def tried_in_vain(site: Site, ticket: int) -> bool:
    """Whether the hook has tried to show an alarm, and could not."""
    sinks = [sink for one in known(site, ticket) for sink in one["sinks"].values()]
    return any(sink["attempts"] and not sink["shown"] for sink in sinks)


def kinds(troubled: Federation, ticket: int) -> list[str]:
    return [str(one.kind) for one in troubled.history(ticket)]


def reasons(troubled: Federation, ticket: int) -> list[str]:
    return [reason for one in troubled.history(ticket) for reason in one.reasons]


def test_a_known_hook_that_says_nothing_is_alarmed_again_and_that_brings_it_back(
    troubled: Federation, alertmanager: Alertmanager
) -> None:
    """Monitoring is down and comes back: the second mail is shown at once, with the first alarm.

    What it forgets without a word the hook's timer tells it again.
    """
    site = troubled.sites["T1-ALERTMANAGER"]
    edit(site, {"http://127.0.0.1:9093": alertmanager.url})
    first = troubled.raised("T1-ALERTMANAGER")
    troubled.until(lambda: troubled.alarm(first).receipt_at, "the hook is known from now on")
    ack(site, first)
    troubled.until(lambda: standing(site, first) == ("acknowledged", True), "as said there")

    alertmanager.stop()
    second = troubled.raised("T1-ALERTMANAGER")
    troubled.until(lambda: tried_in_vain(site, second), "the hook has it, and cannot show it")
    alertmanager.start()
    troubled.until(lambda: troubled.alarm(second).steps == 1, "the first step")
    troubled.until(lambda: troubled.alarm(second).receipt_at, "the receipt")
    again = troubled.history(second)[1]
    assert (str(again.kind), again.reasons) == (
        "alarm not answered", ("no receipt came from the site's hook in time",)
    )  # fmt: skip

    ids = [f"helpdesk.example/{ticket}" for ticket in (first, second)]
    assert [len(alertmanager.alerts(one)) for one in ids] == [1, 1]
    alertmanager.stop()
    alertmanager.start()
    assert [len(alertmanager.alerts(one)) for one in ids] == [0, 0], "it forgets alerts"
    timer(site)
    found = [one["status"]["state"] for name in ids for one in alertmanager.alerts(name)]
    assert found == ["suppressed", "active"]


def test_an_alarm_that_bounces_goes_to_the_contact_at_once(troubled: Federation) -> None:
    ticket = troubled.raised("T1-LOST")
    page = until(lambda: troubled.mails("lost@fzk.example", ticket)[1:], troubled.mta.log())[0]
    assert page["X-Alarm-Status"] == "firing"
    assert "could not be delivered" in text_of(page)
    troubled.until(lambda: kinds(troubled, ticket).count("mail not delivered") == 2, "again")
    assert troubled.alarm(ticket).steps == 2, "nobody was given a minute to answer"
    troubled.told("ngi-it@roc.example", ticket, "The contact of T1-LOST was alarmed, too.")
    until(lambda: "alarms@late.example" in str(troubled.mta.mails("duty@operator.example")), "duty")


def test_a_hook_whose_monitoring_is_away_says_so_and_the_next_step_comes_at_once(
    troubled: Federation,
) -> None:
    site = troubled.sites["T1-PROCMAIL"]
    edit(site, {"fallback_after_minutes = 5": "fallback_after_minutes = 0"})
    site.take_down("mon")
    ticket = troubled.raised("T1-PROCMAIL")
    troubled.until(lambda: troubled.alarm(ticket).steps, "the next step")
    assert reasons(troubled, ticket).count(AWAY) == 2, "said by the hook, and why the step came"
    site.bring_up("mon")
    edit(site, {"fallback_after_minutes = 0": "fallback_after_minutes = 5"})
    ack(site, ticket)
    troubled.until(lambda: troubled.alarm(ticket).answered_at, "a person answers all the same")


def test_a_hook_that_is_killed_in_the_middle_shows_it_once_and_says_so_once(
    troubled: Federation,
) -> None:
    """Postfix keeps the mail of a program that died by a signal, and brings it again."""
    site = troubled.sites["T1-ALIAS"]
    told = site.place / "told"
    mon = site.place / "mon"
    usual = mon.read_text()
    mon.write_text(f"#!/bin/sh\n[ -e {told} ] || {{ echo $PPID >{told}; exec sleep 60; }}\n{usual}")
    ticket = troubled.raised("T1-ALIAS")
    until(lambda: told.exists() and told.read_text(), f"it is told: {troubled.mta.log()}")
    hook = int(told.read_text())
    assert b"ticketgate-hook.pyz" in Path(f"/proc/{hook}/cmdline").read_bytes()
    os.kill(hook, signal.SIGKILL)
    troubled.until(lambda: lines(site, ticket), "it comes again")
    troubled.until(lambda: troubled.alarm(ticket).receipt_at, "the receipt")
    deferred = troubled.mta.lines("alarms-alias@site.example", "signal 9")
    assert deferred
    assert "status=deferred" in deferred[0]
    mon.write_text(usual)
    ack(site, ticket)
    until(lambda: lines(site, ticket)[1:], "the acknowledgement is shown")
    assert [line.partition(" ")[2] for line in lines(site, ticket)] == ["firing", "acknowledged"]
    assert kinds(troubled, ticket).count("alarm received") == 1


def test_an_alarm_goes_by_the_second_relay_while_the_first_is_down(troubled: Federation) -> None:
    with troubled.first_relay_down():
        ticket = troubled.raised("T1-PAGER")
        until(lambda: troubled.mails("pager@operator.example", ticket), "the alarm")
        assert troubled.mails("pager@fzk.example", ticket) == [], "other mail waits"
    until(lambda: troubled.mails("pager@fzk.example", ticket), troubled.desk.tail())
    assert len(troubled.mails("pager@operator.example", ticket)) == 1


def test_no_relay_at_all_and_a_daemon_that_is_killed_lose_no_alarm(troubled: Federation) -> None:
    """The first alarm waits for the relays; the daemon is killed right behind the second's 250."""
    to, site = "alarm@helpdesk.example", troubled.sites["T1-SIEVE"]

    def accepted(subject: str, name: str) -> None:
        raw = troubled.signed(to, subject, f"Site: {name}\nVO: atlas\n\nIt burns.")
        assert troubled.desk.send(raw, [to]).startswith("250")

    def ticket(subject: str) -> int:
        found = [row.ticket for row in troubled.alarms() if row.subject == subject]
        return found[0] if found else 0

    troubled.mta.stop()
    accepted("Waits", "T1-PAGER")
    troubled.until(lambda: ticket("Waits") and troubled.tried(ticket("Waits")), "both were tried")
    accepted("Killed", "T1-SIEVE")
    troubled.desk.kill()
    troubled.mta.start()
    troubled.desk.start()
    troubled.until(lambda: ticket("Killed"), "it was kept")
    troubled.until(lambda: troubled.alarm(ticket("Killed")).receipt_at, "its receipt")
    told = lines(site, ticket("Killed"))
    assert len(set(told)) == len(told), "no document is shown twice"
    pager = "pager@operator.example"
    troubled.until(lambda: troubled.mails(pager, ticket("Waits")), "the relays take it")
    assert len(troubled.mails(pager, ticket("Waits"))) == 1
