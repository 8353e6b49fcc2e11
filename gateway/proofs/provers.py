"""The methods of proving a sender, set up as the configuration says."""

from functools import partial

from gateway.config.root import Config
from gateway.proofs.arc import arc_proofs
from gateway.proofs.collect import Asked, Provers, SmimeProver, no_proofs
from gateway.proofs.dkim import dkim_proofs
from gateway.proofs.dmarc import align
from gateway.proofs.dns import Asks, Lookup
from gateway.proofs.keyrecord import KeyRules
from gateway.proofs.results import results_proofs
from gateway.proofs.spf import spf_proofs, within
from parsers.evidence import Proof


def lookup_of(config: Config) -> Lookup:
    """Return who answers our questions; one for a process, for its memory."""
    return Lookup(config.dns.servers, config.dns.port)


def provers_of(config: Config, lookup: Asks, smime: SmimeProver = no_proofs) -> Provers:
    """Return the methods for this configuration; `smime` comes from elsewhere."""
    rules = KeyRules(config.proof.min_rsa_bits, frozenset(config.proof.weak_key_domains))
    trusted = frozenset(config.proof.arc_trusted)
    return Provers(
        lookup=lookup,
        dkim=partial(_dkim, rules),
        dmarc=align,
        results=_results,
        spf=partial(_spf, config),
        arc=partial(_arc, trusted),
        smime=smime,
    )


async def _dkim(rules: KeyRules, asked: Asked) -> tuple[Proof, ...]:
    return await dkim_proofs(asked.mail.raw, asked.header, asked.lookup, rules, asked.now)


async def _results(asked: Asked) -> tuple[Proof, ...]:
    mail = asked.mail
    return results_proofs(asked.header, mail.envelope.door, mail.trusted_results, mail.sender)


async def _spf(config: Config, asked: Asked) -> tuple[Proof, ...]:
    envelope = asked.mail.envelope
    if config.smtp.role != "border" or within(envelope.peer, config.smtp.submission_networks):
        return ()  # the peer is a server of ours, or a user of ours
    return await spf_proofs(envelope, asked.mail.sender, asked.lookup)


async def _arc(trusted: frozenset[str], asked: Asked) -> tuple[Proof, ...]:
    return await arc_proofs(asked.mail.raw, asked.header, asked.mail.sender, trusted, asked.lookup)
