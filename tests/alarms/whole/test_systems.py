"""An alarm through each real monitoring system and back: raised, shown, acknowledged, over."""

import pytest
from running import until

from parsers.alarm import AlarmStatus
from tests.alarms.whole.federation import Federation

pytestmark = pytest.mark.xdist_group("whole")


def test_start(federation: Federation) -> None:
    n = federation.raised("T1-PAGER")
    until(lambda: federation.mails("pager@operator.example", n), federation.mta.log())
    print(federation.alarm(n), federation.mails("pager@operator.example", n)[0])
