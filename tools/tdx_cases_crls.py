"""Cases about revocation lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from nitro_encoding import SEQUENCE, constraints, extension, integer, time, tlv, usage
from tdx_case import Case, Start, submit_crl, verify
from tdx_pki import (
    CA,
    CA_CRL,
    CA_FLAG,
    CA_LABEL,
    CRL_NUMBER,
    DAY_S,
    LEAF,
    NOW_S,
    REASON,
    ROOT,
    ROOT_CRL,
    ROOT_LABEL,
    SIGNER,
    Crl,
)
from tdx_quote import Quote

P384_ALGORITHM = bytes.fromhex("300a06082a8648ce3d040303")
SERIAL_LEAF, SERIAL_CA, SERIAL_SIGNER = 0x77, 0x4321, 0x99


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _crls_in_use()
    start = Start.NOTHING
    root: Callable[[str, Crl, str], Case] = lambda name, crl, error: Case(  # noqa: E731
        name, (submit_crl(crl, ROOT),), error, None, start
    )
    yield root("a list of version 1", replace(ROOT_CRL, version=integer(0)), "WrongCrlForm(bytes15,bytes15)")
    yield root(
        "a list with another algorithm",
        replace(ROOT_CRL, algorithm=P384_ALGORITHM),
        "WrongCrlForm(bytes15,bytes15)",
    )
    yield root(
        "a list of another issuer", replace(ROOT_CRL, issuer_name=CA_LABEL), "WrongCrlIssuer(bytes32,bytes32)"
    )
    yield root(
        "a list that another key signed", replace(ROOT_CRL, signer="somebody"), "CrlSignatureInvalid(bytes32)"
    )
    yield root(
        "a list of tomorrow",
        replace(ROOT_CRL, this_update=time(NOW_S + 1)),
        "CrlNotYetIssued(uint256,uint256)",
    )
    yield root(
        "a list of yesterday", replace(ROOT_CRL, next_update=time(NOW_S)), "CrlExpired(uint256,uint256)"
    )
    yield root("bytes after a list", replace(ROOT_CRL, tail=b"\0"), "DerTrailingBytes(uint256)")
    critical = tlv(0xA0, tlv(SEQUENCE, extension(CRL_NUMBER, integer(1))))
    yield root("a partial list", replace(ROOT_CRL, extensions=critical), "UnknownCriticalExtension(bytes)")
    strange = tlv(SEQUENCE, extension(REASON, b"\1"))
    yield root(
        "an entry that is not understood",
        replace(ROOT_CRL, serials=(5,), entry_extensions=strange),
        "UnknownCriticalExtension(bytes)",
    )
    yield root("an entry for no certificate", replace(ROOT_CRL, serials=(0,)), "SerialNumberZero()")
    yield root(
        "a list signed by another algorithm",
        replace(ROOT_CRL, outer_algorithm=P384_ALGORITHM),
        "WrongSignatureAlgorithm(bytes12,bytes12)",
    )
    stored = (submit_crl(ROOT_CRL, ROOT),)
    yield Case(
        "the same list again", (*stored, *stored), "CrlNotNewer(uint256,uint256)", (NOW_S - DAY_S,) * 2, start
    )
    older = replace(ROOT_CRL, this_update=time(NOW_S - DAY_S - 1))
    yield Case(
        "an older list", (*stored, submit_crl(older, ROOT)), "CrlNotNewer(uint256,uint256)", None, start
    )
    yield Case(
        "a list of an authority before the root's",
        (submit_crl(CA_CRL, ROOT, CA),),
        "CrlNotCurrent(bytes32,uint256,uint256)",
        None,
        start,
    )
    yield Case(
        "a list by no authority",
        (*stored, submit_crl(Crl(SIGNER.label), ROOT, SIGNER)),
        "WrongRole(bytes32)",
        None,
        start,
    )
    mute = replace(CA, extensions=(usage("0204"), constraints(CA_FLAG, integer(0))))
    yield Case(
        "a list by one who may sign certificates only",
        (*stored, submit_crl(CA_CRL, ROOT, mute)),
        "CrlSigningNotAllowed(uint8)",
        (4,),
        start,
    )
    yield Case(
        "a list below a third certificate",
        (*stored, submit_crl(CA_CRL, ROOT, CA, LEAF)),
        "WrongChainLength(uint256,uint256)",
        (3, 2),
        start,
    )


def _crls_in_use() -> Iterator[Case]:
    revoked = "RevokedCertificate(bytes32,uint256)"
    ca_crl = Crl(CA_LABEL, serials=(SERIAL_LEAF,), this_update=time(NOW_S))
    yield Case("a revoked machine", (submit_crl(ca_crl, ROOT, CA), verify(Quote())), revoked)
    root_crl = Crl(ROOT_LABEL, serials=(SERIAL_CA,), this_update=time(NOW_S))
    yield Case("a revoked authority", (submit_crl(root_crl, ROOT), verify(Quote())), revoked)
    signer_crl = Crl(ROOT_LABEL, serials=(SERIAL_SIGNER,), this_update=time(NOW_S))
    yield Case("lists by a revoked signer", (submit_crl(signer_crl, ROOT), verify(Quote())), revoked)
    again = submit_crl(Crl(CA_LABEL, this_update=time(NOW_S), serials=()), ROOT, CA)
    first = submit_crl(Crl(CA_LABEL, this_update=time(NOW_S - 1), serials=(SERIAL_LEAF,)), ROOT, CA)
    yield Case("a revoked machine that a later list leaves out", (first, again, verify(Quote())), revoked)
    old = "CrlNotCurrent(bytes32,uint256,uint256)"
    yield Case("no revocation list", (verify(Quote()),), old, None, Start.NOTHING)
    soon = submit_crl(Crl(CA_LABEL, this_update=time(NOW_S), next_update=time(NOW_S + 1)), ROOT, CA)
    yield Case("a revocation list in its last second", (soon, verify(Quote())), until_s=NOW_S)
    ending = submit_crl(Crl(ROOT_LABEL, this_update=time(NOW_S), next_update=time(NOW_S + 9)), ROOT)
    name = "a revocation list of the root that ends first"
    yield Case(name, (ending, verify(Quote())), until_s=NOW_S + 8)
    yield Case("a revocation list that is too old", (verify(Quote()),), old, None, at_s=NOW_S + 29 * DAY_S)
