"""Reading OSG Topology: its resources and their administrators, in one answer."""

from gateway.config.federation import Directory
from gateway.directories.fetching import Fetching
from parsers.directory import Answer, capped
from parsers.topology import read_summary

XML = ("application/xml", "text/xml")


def read_topology(directory: Directory, fetching: Fetching) -> Answer:
    """Return all resources; raises Malformed, Unreachable."""
    summary = read_summary(fetching.get("/rgsummary/xml", [], XML), directory.roc)
    return Answer(sites=summary.sites, notes=capped(summary.notes))
