"""Cases about certificates and Intel's extension in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from eth_utils.crypto import keccak
from nitro_encoding import OBJECT_IDENTIFIER, SEQUENCE, constraints, extension, integer, time, tlv, usage
from tdx_case import Case, verify
from tdx_pki import (
    CA,
    CA_FLAG,
    DAY_S,
    LEAF,
    NOW_S,
    ROOT,
    SIGNER,
    Cert,
    Machine,
    encode,
    entry,
    octets,
)
from tdx_quote import Quote

P384_ALGORITHM = bytes.fromhex("300a06082a8648ce3d040303")


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _accepted()
    yield from _chains()
    yield from _forms()
    yield from _extensions()


def _with_leaf(**changes: object) -> Quote:
    return Quote(chain=(ROOT, CA, replace(LEAF, **changes)))  # type: ignore[arg-type]


def _with_machine(**changes: object) -> Quote:
    machine = Machine(**changes)  # type: ignore[arg-type]
    return _with_leaf(extensions=(usage("06c0"), constraints(), machine.extension()))


def _refuse(name: str, quote: Quote, error: str, *values: object) -> Case:
    return Case(name, (verify(quote),), error, values or None)


def _accepted() -> Iterator[Case]:
    yield Case("a good quote", (verify(Quote()),), until_s=NOW_S + 28 * DAY_S)
    yield Case("the last second of the earliest list", (verify(Quote()),), at_s=NOW_S + 28 * DAY_S)
    yield Case("without the two optional entries", (verify(_with_machine(edit=lambda rows: rows[:5])),))
    short = replace(LEAF, not_after=time(NOW_S + 100))
    yield Case(
        "a certificate that ends first", (verify(Quote(chain=(ROOT, CA, short))),), until_s=NOW_S + 100
    )


def _chains() -> Iterator[Case]:
    id_of: Callable[[Cert], bytes] = lambda certificate: keccak(encode(certificate))  # noqa: E731
    chain = (ROOT, CA, LEAF)
    length = "WrongChainLength(uint256,uint256)"
    yield Case("a chain without authority", (verify(Quote(), (ROOT, LEAF)),), length, (2, 3))
    yield Case("a chain that goes on", (verify(Quote(), (*chain, LEAF)),), length, (4, 3))
    yield Case("another root", (verify(Quote(), (CA, CA, LEAF)),), "WrongRoot(bytes32,bytes32)")
    yield Case("another issuer", (verify(Quote(), (ROOT, SIGNER, LEAF)),), "WrongIssuer(bytes32,bytes32)")
    below = replace(LEAF, issuer=SIGNER.label)
    yield _refuse(
        "a machine below one of no authority",
        Quote(chain=(ROOT, SIGNER, below)),
        "ParentIsNoAuthority(bytes32)",
        id_of(SIGNER),
    )
    forged = replace(LEAF, signer="somebody")
    yield _refuse(
        "a machine that another key certified",
        Quote(chain=(ROOT, CA, forged)),
        "CertificateSignatureInvalid(bytes32)",
        id_of(forged),
    )
    wide = replace(CA, extensions=(usage("0106"), constraints(CA_FLAG, integer(1))))
    authority = replace(LEAF, extensions=(*CA.extensions, Machine().extension()))
    yield _refuse(
        "an authority too many", Quote(chain=(ROOT, CA, authority)), "PathTooLong(bytes32)", id_of(CA)
    )
    unlimited = replace(CA, extensions=(usage("0106"), constraints(CA_FLAG)))
    yield _refuse(
        "an authority as a machine",
        Quote(chain=(ROOT, wide, authority)),
        "WrongRole(bytes32)",
        id_of(authority),
    )
    yield Case("an authority that sets no limit", (verify(Quote(chain=(ROOT, unlimited, LEAF))),))
    early, late = NOW_S + 1, NOW_S - 1
    yield _refuse(
        "a machine that is not certified yet",
        _with_leaf(not_before=time(early)),
        "CertificateNotYetValid(uint256,uint256)",
        early,
        NOW_S,
    )
    yield _refuse(
        "a machine whose certificate ended",
        _with_leaf(not_after=time(late)),
        "CertificateExpired(uint256,uint256)",
        late,
        NOW_S,
    )
    yield _refuse(
        "a certificate of no machine", _with_leaf(extensions=SIGNER.extensions), "NoMachine(bytes32)"
    )


def _forms() -> Iterator[Case]:
    wrong = "WrongSignatureAlgorithm(bytes12,bytes12)"
    yield _refuse("another inner algorithm", _with_leaf(algorithm=P384_ALGORITHM), wrong)
    yield _refuse("another outer algorithm", _with_leaf(outer_algorithm=P384_ALGORITHM), wrong)
    yield _refuse(
        "another kind of key",
        _with_leaf(key_algorithm=bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030108")),
        "WrongPublicKeyType(bytes27,bytes27)",
    )
    yield _refuse(
        "another version", _with_leaf(version=bytes.fromhex("a003020101")), "NotVersion3(bytes5,bytes5)"
    )
    yield _refuse("serial number zero", _with_leaf(serial=integer(0)), "SerialNumberZero()")
    yield _refuse("bytes after a certificate", _with_leaf(tail=b"\0"), "DerTrailingBytes(uint256)", 1)
    yield _refuse("unused bits in a signature", _with_leaf(unused_bits=b"\1"), "DerBadBitString(bytes)")
    long = extension(bytes.fromhex("2a03"), bytes(4_000), critical=b"")
    yield _refuse(
        "a certificate that is too long",
        _with_leaf(extensions=(*LEAF.extensions, long)),
        "CertificateTooLong(uint256,uint256)",
    )


def _extensions() -> Iterator[Case]:
    value, other = "WrongSgxValue(bytes,uint256)", "WrongSgxEntry(bytes,bytes)"
    yield _refuse("a short processor version", _with_machine(cpu_svn=octets(bytes(15))), value, bytes(15), 16)
    yield _refuse("a short kind of machine", _with_machine(fmspc=octets(bytes(5))), value, bytes(5), 6)
    yield _refuse("a short enclave number", _with_machine(pce_id=octets(bytes(1))), value, bytes(1), 2)
    yield _refuse(
        "a part of a machine above a byte",
        _with_machine(components=(256,) + (0,) * 15),
        "DerIntegerTooLong(uint256,uint256)",
    )
    swapped = _with_machine(edit=lambda rows: [rows[1], rows[0], *rows[2:]])
    yield _refuse("entries in another order", swapped, other)
    yield _refuse("an entry left out", _with_machine(edit=lambda rows: [*rows[:3], *rows[4:]]), other)
    alien = tlv(SEQUENCE, tlv(OBJECT_IDENTIFIER, bytes.fromhex("2a864886f84d010e01")), octets(bytes(16)))
    yield _refuse("an entry of another extension", _with_machine(edit=lambda rows: [alien, *rows[1:]]), other)
    yield _refuse(
        "an entry too many",
        _with_machine(edit=lambda rows: [*rows, entry("08", octets(b""))]),
        "DerTrailingBytes(uint256)",
    )
    yield _refuse(
        "a second optional entry alone", _with_machine(edit=lambda rows: [*rows[:5], rows[6]]), other
    )
