"""What `init` prints for filters, when the hook cannot spool: Sieve keeps, procmail defers.

The lines are run as they are printed; docs/hook.md says the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from running import until

from tests.alarms.whole.federation import NOBODY, Federation, edit
from tests.hook.site import Site


@contextmanager
def spool_away(site: Site) -> Iterator[None]:
    """Put a directory in the place of the spool that the hook may not write."""
    kept = site.directory.rename(site.place / "away")
    site.directory.mkdir(mode=0o700)  # of root
    yield
    kept.rename(site.directory)  # in one step: a hook that finds none makes one


def test_procmail_hands_back_what_could_not_be_spooled(troubled: Federation) -> None:
    site = troubled.sites["T1-PROCMAIL"]
    with spool_away(site):
        ticket = troubled.raised("T1-PROCMAIL")
        to = "alarms-procmail@site.example"
        until(lambda: troubled.mta.lines(to, "status=deferred"), troubled.mta.log())
    troubled.until(lambda: troubled.alarm(ticket).receipt_at, "it comes again")
    assert not (troubled.ways.place / "box-procmail" / "mails").exists(), "no copy falls through"


def test_sieve_keeps_what_could_not_be_spooled_and_nothing_else(troubled: Federation) -> None:
    """And the hook, told of that mailbox, takes it from there."""
    dovecot = troubled.ways.dovecot
    assert dovecot is not None
    site, user = troubled.sites["T1-SIEVE"], "alarms-sieve@site.example"
    ticket = troubled.raised("T1-SIEVE")
    troubled.until(lambda: troubled.alarm(ticket).receipt_at, "it is shown")
    assert dovecot.count(user) == 0
    with spool_away(site):
        ticket = troubled.raised("T1-SIEVE")
        until(lambda: dovecot.count(user), dovecot.log())
    edit(site, {"# [poll] ": f'[poll]\nmaildir = "{dovecot.place}/mail/{user}"\n#'})
    done = site.run("poll", **NOBODY)
    assert done.returncode == 0, done.stderr
    troubled.until(lambda: troubled.alarm(ticket).receipt_at, "it is taken from the mailbox")
