"""The name server of the proofs' tests, for alarms that come by real mail."""

from tests.proofs.conftest import nsd

__all__ = ["nsd"]
