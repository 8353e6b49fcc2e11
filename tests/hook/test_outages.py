"""What is down: sinks, the mail system; and what comes of it for the fallback and the helpdesk."""

import shlex
import time
from datetime import timedelta

from running import until

from gateway.hook.drain import drain, prune
from parsers.alarm import Alarm, AlarmEvent, AlarmStatus
from tests.hook.site import HELPDESK, SINK, Signer, Site, alarm, utc

ID = f"{HELPDESK}/900001"
RESOLVED = {"event": AlarmEvent.RESOLVE, "status": AlarmStatus.RESOLVED}


def go(site: Site, **options: bool) -> None:
    drain(site.hook(), time.monotonic() + 20, **options)


def take(site: Site, *alarms: Alarm, signer: Signer | None = None) -> None:
    for one in alarms:
        site.keep((signer or site.signer).mail(one))
    go(site)


def test_a_sink_that_is_down_is_told_later_and_harms_no_other(site: Site) -> None:
    site.sinks = ("mon", "other")
    site.write()
    site.take_down("mon")
    take(site, alarm(1))
    assert len(site.shown("other")) == 1
    assert site.events() == []
    assert "mon does not show" in site.status()["problems"][0]
    site.bring_up("mon")
    go(site)
    assert site.shown() == []  # its pause is not over
    site.clock = timedelta(seconds=11)
    go(site)
    assert len(site.shown()) == 1
    assert len(site.shown("other")) == 1
    assert site.events() == ["receipt"]
    assert site.status()["problems"] == []


def test_a_sink_shows_the_newest_only_after_an_outage(site: Site) -> None:
    site.take_down("mon")
    take(site, alarm(1))
    take(site, alarm(2, **RESOLVED))
    site.bring_up("mon")
    site.clock = timedelta(minutes=1)
    go(site)
    assert site.shown() == [f"{ID} 2 resolved actual 0"]


def test_news_is_tried_at_once_although_a_pause_runs(site: Site) -> None:
    site.take_down("mon")
    take(site, alarm(1))
    site.bring_up("mon")
    take(site, alarm(2))
    assert [line.split()[1] for line in site.shown()] == ["2"]


def test_news_that_comes_while_a_sink_fails_does_not_wait_for_its_pause(site: Site) -> None:
    """The second mail is judged while the sink is busy with the first, in vain."""
    news = site.place / "news"
    news.write_bytes(site.signer.mail(alarm(2)))
    deliver = shlex.join(site.command("deliver"))
    state = site.directory / "alarms" / ID.replace("/", ",") / "state.json"
    mon = site.place / "mon"
    mon.write_text(
        "#!/bin/sh\n"
        f"if [ -e {news} ]; then\n"
        f"  exec 3<{news}; rm {news}; {deliver} <&3 &\n"
        f"  until grep -qF 'seq\\\": 2,' {state}; do sleep 0.05; done\n"
        "  exit 75\n"
        "fi\n" + SINK.format(place=site.place, name="mon").split("\n", 1)[1]
    )
    site.deliver(site.signer.mail(alarm(1)))
    until(site.shown, f"the news is shown: {site.status()}")
    assert [line.split()[1] for line in site.shown()] == ["2"]


def test_monitoring_that_stays_away_calls_the_fallback_and_the_helpdesk(site: Site) -> None:
    site.fallback = "pager"
    site.write()
    site.take_down("mon")
    take(site, alarm(1))
    site.clock = timedelta(minutes=4)
    go(site)
    assert site.shown("pager") == []
    assert site.events() == []
    site.clock = timedelta(minutes=5, seconds=5)
    go(site)
    go(site)
    assert [line.split()[1:3] for line in site.shown("pager")] == [["1", "firing"]]
    assert site.events() == ["unreachable"]
    assert "not shown by: mon" in site.sent()[0]
    assert "instead: pager" in site.sent()[0]
    site.bring_up("mon")
    site.clock = timedelta(minutes=20)
    go(site)
    assert site.events() == ["unreachable", "receipt"]
    take(site, alarm(2, **RESOLVED))
    assert [line.split()[1:3] for line in site.shown("pager")][-1] == ["2", "resolved"]


def test_a_clock_that_was_set_back_does_not_put_the_fallback_off(site: Site) -> None:
    site.fallback = "pager"
    site.write()
    site.take_down("mon")
    ahead = utc() + timedelta(days=900)
    mail = site.signer.mail(alarm(1, issued_at=ahead, expires_at=ahead))
    site.keep_at(mail, timedelta(days=900))
    go(site)
    go(site)
    assert [line.split()[1:3] for line in site.shown("pager")] == [["1", "firing"]]
    assert site.events() == ["unreachable"]


def test_a_reissued_alarm_does_not_begin_the_wait_anew(site: Site) -> None:
    site.fallback = "pager"
    site.write()
    site.take_down("mon")
    take(site, alarm(1))
    site.clock = timedelta(minutes=4)
    site.keep_at(site.signer.mail(alarm(2)), site.clock)
    go(site)
    site.clock = timedelta(minutes=6)
    go(site)
    assert [line.split()[1] for line in site.shown("pager")] == ["2"]


def test_a_sink_that_needs_a_person_says_so(site: Site) -> None:
    (site.place / "mon.refuses").touch()
    take(site, alarm(1))
    assert "needs a person" in site.sent("admin@site.example.com")[0]


def test_systems_that_forget_are_told_again_and_others_are_not(site: Site) -> None:
    site.sinks = ("mon", "forgets")
    site.write()
    text = site.file.read_text().replace('name = "forgets"', 'name = "forgets"\nresync = true')
    site.file.write_text(text)
    take(site, alarm(1), alarm(1, alarm_id=f"{HELPDESK}/2", ticket="2", **RESOLVED))
    go(site, again=True)
    assert len([one for one in site.shown("forgets") if ID in one]) == 2
    assert len([one for one in site.shown("forgets") if ID not in one]) == 1
    assert len(site.shown("mon")) == 2
    assert site.events() == ["receipt"] * 2


def test_a_sink_that_is_new_is_told_what_is_open(site: Site) -> None:
    take(site, alarm(1), alarm(1, alarm_id=f"{HELPDESK}/2", ticket="2", **RESOLVED))
    site.sinks = ("mon", "new")
    site.write()
    go(site)
    assert [line.split()[0] for line in site.shown("new")] == [ID]


def test_a_receipt_that_was_given_is_not_taken_back(site: Site) -> None:
    take(site, alarm(1))
    site.sinks = ("mon", "new")
    site.write()
    site.take_down("new")
    go(site)
    site.clock = timedelta(minutes=10)
    go(site)
    assert site.events() == ["receipt"]


def test_a_receipt_survives_an_outage_of_mail(site: Site) -> None:
    (site.place / "mail.down").touch()
    take(site, alarm(1))
    assert site.events() == []
    assert "letters cannot be sent" in site.status()["problems"][0]
    (site.place / "mail.down").unlink()
    site.clock = timedelta(minutes=1)
    go(site)
    assert site.events() == ["receipt"]
    assert site.names("outbox") == []


def test_a_letter_is_given_up_after_days_and_said_aloud(site: Site) -> None:
    (site.place / "mail.down").touch()
    take(site, alarm(1))
    site.clock = timedelta(days=5, minutes=1)
    go(site)
    assert len(site.names("unsent")) == 1
    prune(site.hook())
    assert len(site.names("unsent")) == 1
