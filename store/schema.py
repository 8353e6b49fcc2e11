"""Bringing the tables to the revision that this program knows.

Only `upgrade` writes; roles call `require_current` and refuse to work on another revision.
"""
