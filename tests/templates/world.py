"""A helpdesk's policy, for tests that render what is decided."""

from router.decision import Policy
from tests.outbound.rows import KEYS, OURS

POLICY = Policy("Example Helpdesk", OURS, KEYS, "First line", operator=("root@hd.example",))
