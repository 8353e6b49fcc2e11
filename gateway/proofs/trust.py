"""Whom we trust for S/MIME, as one value: roots, certificates on the way, policies and CRLs.

Built by anchors.py from the files of a trust directory. Only a self-signed certificate is a root;
any other in the directory completes paths and is judged like one that came with a mail, so every
path goes up to a root and every step of it is checked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.x509 import verification

from gateway.proofs.crl import Crl
from parsers.dn import DistinguishedName


@dataclass(frozen=True)
class Trust:
    """Everything that a path is checked with. Without roots nobody is trusted.

    `policies` has the authorities that may sign only for some subjects, or for none (a broken
    policy). `faults` are sentences for the operator about files that could not be used.
    """

    roots: Sequence[x509.Certificate] = ()
    intermediates: Sequence[x509.Certificate] = ()
    policies: Mapping[DistinguishedName, tuple[str, ...]] = field(default_factory=dict)
    crls: Mapping[x509.Name, tuple[Crl, ...]] = field(default_factory=dict)
    faults: Sequence[str] = ()
    store: verification.Store | None = None


def dn_of(name: x509.Name) -> DistinguishedName:
    """Return a certificate's name as structure. Raises ValueError for a value that is no text."""
    rdns: list[list[tuple[str, str]]] = []
    for rdn in name.rdns:
        pairs: list[tuple[str, str]] = []
        for attribute in rdn:
            if not isinstance(attribute.value, str):
                raise ValueError("a name has a value that is no text")  # noqa: TRY004 - of the data
            pairs.append((attribute.oid.dotted_string, attribute.value))
        rdns.append(pairs)
    return DistinguishedName.of(rdns)
