"""From the configuration to the values that the lower floors take. Nothing is judged here."""

from collections.abc import Mapping

from gateway.config.federation import Member, Site
from gateway.config.root import Config
from gateway.config.working import calendars, limit_table, no_digest, years_around
from gateway.now import utc_now
from parsers import registry as federation
from parsers import roster as people
from parsers.directory import Answer
from router.addresses import OurAddresses
from router.decision import Policy
from router.federation import Source
from router.tokens import Keyring


def registry(config: Config) -> federation.Registry:
    """Return the federation as the lower floors know it."""
    return federation.Registry(
        sites=tuple(_site(site) for site in config.site),
        rocs=tuple(federation.Roc(roc.name, roc.address, roc.supporters) for roc in config.roc),
        units=tuple(
            federation.SupportUnit(u.name, u.address, u.supporters, u.helpdesk) for u in config.unit
        ),
        vos=tuple(vo.name for vo in config.vo),
    )


def by_hand(config: Config) -> Source:
    """Return the federation that the configuration itself names, as the first source of all."""
    here = registry(config)
    answer = Answer(here.sites, here.rocs, roster(config).members)
    given = tuple(
        (site.name, frozenset(_SITE_FIELDS.get(key, key) for key in site.model_fields_set))
        for site in config.site
    )
    return Source("config", answer, given)


_SITE_FIELDS: Mapping[str, str] = {"contact": "contacts", "alarm_address": "alarm_addresses"}


def _site(site: Site) -> federation.Site:
    return federation.Site(
        name=site.name,
        aliases=site.aliases,
        roc=site.roc,
        tier=site.tier,
        certification=site.certification,
        contacts=site.contact,
        alarm_addresses=site.alarm_address,
        alarm_vos=site.alarm_vos,
        receipt=site.receipt,
        resolve=site.resolve,
        alarm_steps=site.alarm_steps,
    )


def roster(config: Config) -> people.Roster:
    """Return the members as the lower floors know them."""
    return people.Roster(tuple(map(_member, config.member)))


def _member(member: Member) -> people.Member:
    certificates, issuers = people.by_any_of(member.certificates, member.issuers)
    return people.Member(
        name=member.name,
        addresses=member.addresses,
        certificates=certificates,
        vo=member.vo,
        roles=frozenset(member.roles),
        alarm_sites=member.alarm_sites,
        alarm_evidence=member.alarm_evidence,
        issuers=issuers,
    )


def policy(config: Config) -> Policy:
    """Return the helpdesk's rules as `decide` takes them; the keyring holds the secrets."""
    helpdesk, routing = config.helpdesk, config.routing
    return Policy(
        name=helpdesk.name,
        addresses=OurAddresses(
            domain=helpdesk.domain,
            support=helpdesk.address.lower(),
            team=helpdesk.team_address.lower(),
            alarm=helpdesk.alarm_address.lower(),
            delimiter=helpdesk.delimiter,
        ),
        keys=Keyring(
            tuple(
                secret.reveal()
                for secret in (helpdesk.secret, helpdesk.previous_secret)
                if secret is not None
            )
        ),
        first_line=helpdesk.first_line,
        operator=helpdesk.operator_address or _first_line_addresses(config),
        ticket_tag=helpdesk.ticket_tag,
        unproven=routing.unproven,
        alarm_evidence=config.proof.alarm_evidence,
        alarm_evidence_of=config.proof.alarm_evidence_of,
        alarm_results=frozenset(
            box.trusted_results.lower() for box in config.imap if box.alarms and box.trusted_results
        ),
        max_age_s=int(config.proof.max_age.total_seconds()),
        notice_chars=routing.notice_chars,
        subject_chars=routing.subject_chars,
        max_cc=routing.max_cc,
        max_hops=routing.max_hops,
        alarm_receipt_s=int(config.alarm.receipt_within.total_seconds()),
        alarm_answer_s=int(config.alarm.answer_within.total_seconds()),
        alarm_steps=config.alarm.steps,
        receipts_per_hour=routing.receipts_per_hour,
        held_notices_per_hour=routing.held_notices_per_hour,
        loop_mails=routing.loop_mails,
        loop_mails_proven=routing.loop_mails_proven,
        loop_window_s=int(routing.loop_window.total_seconds()),
        calendars=calendars(config, years_around(utc_now())),
        limits=limit_table(config),
        steps=config.clock.steps(),
        digest=config.clock.digest,
        no_digest=no_digest(config),
    )


def _first_line_addresses(config: Config) -> tuple[str, ...]:
    unit = registry(config).find_unit(config.helpdesk.first_line)
    return unit.addresses if unit is not None else ()
