"""Reading GOCDB: sites, NGIs and downtimes, page by page.

Addresses are given to registered clients only, so a certificate or token asks the private part.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from gateway.config.federation import Directory
from gateway.directories.fetching import Circle, Fetching, Query
from parsers.directory import Answer, capped
from parsers.errors import Malformed
from parsers.gocdb import Page, read_downtimes, read_rocs, read_sites
from parsers.registry import Downtime

XML = ("application/xml", "text/xml")
AHEAD = timedelta(days=30)  # downtimes that begin within it


def read_gocdb(directory: Directory, fetching: Fetching, now: datetime) -> Answer:
    """Return what is asked for in `reads`; raises Malformed, Unreachable."""
    realm = "private" if directory.certificate or directory.token else "public"

    def ask(method: str, query: Query, read: Callable[[bytes], Page]) -> list[Page]:
        path = f"/{realm}/"
        return list(_pages(fetching, path, [("method", method), *query], read))

    scope = [("scope", directory.scope)] if directory.scope else []
    pages: list[Page] = []
    if "sites" in directory.reads:
        words = ",".join(directory.exclude)
        left_out = [("exclude_certification_status", words)] if words else []
        pages += ask("get_site", [*scope, *left_out], read_sites)
    if "rocs" in directory.reads:
        pages += ask("get_ngi", scope, read_rocs)
    if "downtimes" in directory.reads:
        window = [
            ("windowstart", now.strftime("%Y-%m-%d")),
            ("windowend", (now + AHEAD).strftime("%Y-%m-%d")),
        ]
        pages += ask("get_downtime", [*scope, *window], read_downtimes)
    return Answer(
        sites=tuple(site for page in pages for site in page.sites),
        rocs=tuple(roc for page in pages for roc in page.rocs),
        downtimes=_downtimes([one for page in pages for one in page.downtimes], now),
        notes=capped(note for page in pages for note in page.notes),
    )


def _downtimes(found: Iterable[Downtime], now: datetime) -> tuple[Downtime, ...]:
    """Return what is not over, with the services of one downtime together: each comes alone."""
    joined: dict[tuple[str, str], Downtime] = {}
    for one in found:
        if one.ends_at > now:
            before = joined.get((one.id, one.site))
            services = (*before.services, *one.services) if before else one.services
            joined[one.id, one.site] = replace(one, services=tuple(dict.fromkeys(services)))
    return tuple(joined.values())


def _pages(
    fetching: Fetching, path: str, query: list[tuple[str, str]], read: Callable[[bytes], Page]
) -> Iterator[Page]:
    """Give the pages of one answer, following the cursor and nothing else of the link."""
    circle, asked = Circle(), {tuple(query)}
    while True:
        page = read(fetching.get(path, query, XML))
        circle.page([*page.sites, *page.rocs, *page.downtimes])
        yield page
        if not page.next_query or not page.amount:
            return
        cursor = dict(page.next_query).get("next_cursor")
        if cursor is None:
            raise Malformed("The link to the next page cannot be read.", "it has no next_cursor")
        query = [*(one for one in query if one[0] != "next_cursor"), ("next_cursor", cursor)]
        if tuple(query) in asked:
            raise Malformed("The pages go in a circle.", f"the cursor {cursor[:40]} came before")
        asked.add(tuple(query))
