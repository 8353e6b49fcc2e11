"""How far alarms have come, and whose hooks were heard of.

Written with the decision that it belongs to, under the ticket's version.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from router.decision import Decision
from store.alarm_tables import paging, site_hook
from store.rows import paging_row
from store.upsert import upsert

_FAR = [one.name for one in paging.c if one.name != "ticket"]


def write_paging(conn: Connection, decisions: Sequence[Decision], now: datetime) -> None:
    """Write how far the alarms of numbered decisions have come, and the hooks that were heard."""
    rows = [
        paging_row(one.ticket.paging, one.ticket.number)
        for one in decisions
        if one.ticket is not None and one.ticket.paging is not None
    ]
    if rows:
        new = upsert(conn, paging)
        newer = {name: new.excluded[name] for name in _FAR}
        conn.execute(new.on_conflict_do_update(index_elements=["ticket"], set_=newer), rows)
    # In one order for all, so that two who heard the same hooks never wait for each other.
    hooks = sorted({one.hook_of.lower() for one in decisions if one.hook_of})
    if hooks:
        heard = upsert(conn, site_hook)
        later = {"heard_at": heard.excluded.heard_at}
        conn.execute(
            heard.on_conflict_do_update(index_elements=["site"], set_=later),
            [{"site": site, "since": now, "heard_at": now} for site in hooks],
        )


def hooks_heard(conn: Connection) -> dict[str, datetime]:
    """Return the sites whose hook was ever heard of, in lower case, and when last."""
    rows = conn.execute(select(site_hook.c.site, site_hook.c.heard_at))
    return {row.site: row.heard_at for row in rows}


def hook_known(conn: Connection, site: str) -> bool:
    """Whether the hook of this site was ever heard of."""
    query = select(site_hook.c.site).where(site_hook.c.site == site.lower())
    return conn.execute(query).first() is not None
