"""How each configured directory is, as lines of `ticketgate health`.

It is well when its last answer is the copy in use and no older than twice its time; anything else
is failing, also one that nobody has read. The pages for a load balancer do not show it: a daemon
whose directory is away goes on with the copy that is kept.
"""

from datetime import datetime

from gateway.config.root import Config
from gateway.health import Line, State
from router.directories import Said
from store.directories import DirectoryState, read_states
from store.engine import Store

NAME = "directory {}"


def look_at_directories(config: Config, store: Store, now: datetime) -> tuple[Line, ...]:
    """Return a line for each directory; raises Deferred when the store cannot be read."""
    if not config.directory:
        return ()
    with store.reading() as conn:
        states = read_states(conn)
    return tuple(
        _line(name, states.get(name), now - 2 * directory.every)
        for name, directory in config.directory.items()
    )


def _line(name: str, state: DirectoryState | None, fresh: datetime) -> Line:
    named = NAME.format(name)
    if state is None or state.said is None:
        return Line(named, State.SILENT, "it has never been read")
    if state.said is not Said.OK:
        kept = f"the copy of {state.good_at:%Y-%m-%d %H:%M} UTC is in use" if state.good_at else (
            "there is no copy"
        )  # fmt: skip
        return Line(named, State.FAILING, f"{state.said}: {state.detail}; {kept}", state.since)
    if state.good_at is not None and state.good_at < fresh:
        return Line(named, State.SILENT, "it is not read any more", state.good_at)
    return Line(named, State.OK, "", state.since)
