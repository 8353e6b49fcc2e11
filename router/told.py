"""What a sender is told of why; the other reasons are for supporters, the history and the log."""

from router.words import Reason

# The reasons of lines are missing: a note beside each names the line and says why.
TOLD = frozenset(
    {
        Reason.UNPROVEN,
        Reason.STRUCTURE,
        Reason.OVER_A_CAP,
        Reason.ENCRYPTED,
        Reason.TOO_MANY_HOPS,
        Reason.REPLAYED,
        Reason.STALE,
        Reason.TEXT_NOT_SIGNED,
        Reason.NOT_ANSWERED,
        Reason.SUBMITTED,
        Reason.SPF_ONLY,
        Reason.ALARM_NOT_PROVEN,
        Reason.ALARM_BY_RESULTS,
        Reason.NOT_AN_ALARMER,
        Reason.OTHER_ISSUER,
        Reason.VO_UNCLEAR,
        Reason.ALARM_WITHOUT_SITE,
        Reason.NO_ALARMS_OF_VO,
        Reason.NOT_ALARMER_OF_SITE,
        Reason.WEAK_EVIDENCE,
        Reason.WEAK_FOR_DOMAIN,
        Reason.NOT_ALL_SIGNED,
        Reason.NOT_BOUND,
        Reason.TEAM_NOT_PROVEN,
        Reason.NOT_IN_THE_TEAM,
        Reason.ALARM_ADDRESS_MISSING,
        Reason.NOBODY_TO_ALARM,
        Reason.SITE_IN_DOWNTIME,
        Reason.NO_SITE,
        Reason.SITE_UNKNOWN,
        Reason.SITE_AMBIGUOUS,
        Reason.SITE_NOT_CERTIFIED,
        Reason.UNIT_UNKNOWN,
        Reason.SITE_AND_UNIT,
        Reason.CONTRADICTION,
        Reason.SIGNED_FOR_ANOTHER,
    }
)
# By which way a mail came says why a request is held, and nothing of a line.
TOLD_OF_LINES = TOLD - {Reason.SUBMITTED}
