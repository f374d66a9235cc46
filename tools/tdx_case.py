"""What a case is: lists that are submitted, a quote that is verified, and the contracts' last answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from eth_abi.abi import encode as encode_abi
from eth_utils.crypto import keccak
from tdx_lists import QE_IDENTITY, TCB_INFO, Signed
from tdx_pki import CA, CA_CRL, NOW_S, ROOT, ROOT_CRL, Cert, Crl, encode
from tdx_quote import Quote


class Start(IntEnum):
    """What is stored before a case."""

    NOTHING = 0
    REVOCATIONS = 1
    EVERYTHING = 2


class Target(IntEnum):
    """The contract that is called."""

    CERTIFICATES = 0
    COLLATERAL = 1
    ATTESTATION = 2


@dataclass(frozen=True)
class Call:
    """A call of a contract."""

    target: Target
    data: bytes


@dataclass(frozen=True)
class Case:
    """Calls of which the last one is accepted, or refused with an error."""

    name: str
    calls: tuple[Call, ...]
    error: str | None = None
    """Signature of the custom error; none: accepted."""
    values: tuple[object, ...] | None = None
    """The error's values; none: not compared."""
    start: Start = Start.EVERYTHING
    at_s: int = NOW_S
    until_s: int = 0
    """`notAfter` of the claims; zero: not compared."""
    debug: bool = False
    """What the claims say about it."""

    def reason(self) -> bytes:
        """How the revert data starts, empty when the call is accepted."""
        if self.error is None:
            return b""
        selector = keccak(text=self.error)[:4]
        if self.values is None:
            return selector
        types = self.error[self.error.index("(") + 1 : -1]
        return selector + encode_abi([kind for kind in types.split(",") if kind], self.values)


def call(target: Target, signature: str, *values: object) -> Call:
    """A call with its arguments."""
    types = signature[signature.index("(") + 1 : -1].split(",")
    return Call(target, keccak(text=signature)[:4] + encode_abi(types, values))


def submit_crl(crl: Crl | bytes, *chain: Cert) -> Call:
    """The call that stores a revocation list."""
    der = crl if isinstance(crl, bytes) else crl.encode()
    certificates = [encode(certificate) for certificate in chain]
    return call(Target.CERTIFICATES, "submitCrl(bytes,bytes[])", der, certificates)


def submit_tcb(changes: Mapping[str, object] | None = None, **more: object) -> Call:
    """The call that stores the list for one kind of machine, with some fields changed."""
    return _submit("submitTcbInfo", Signed(TCB_INFO, changes or {}, **more))  # type: ignore[arg-type]


def submit_qe(changes: Mapping[str, object] | None = None, **more: object) -> Call:
    """The call that stores the quoting enclave's identity, with some fields changed."""
    return _submit("submitQeIdentity", Signed(QE_IDENTITY, changes or {}, **more))  # type: ignore[arg-type]


def submit_signed(name: str, signed: Signed, signature: bytes) -> Call:
    """The call that stores a list with a signature of one's own."""
    arguments = (signed.json(), signature, signed.certificates())
    return call(Target.COLLATERAL, f"{name}(bytes,bytes,bytes[])", *arguments)


def verify(quote: Quote | bytes, chain: Sequence[Cert | bytes] | None = None) -> Call:
    """The call that verifies a quote, with the certificates that it names or others."""
    document = quote if isinstance(quote, bytes) else quote.cut()
    named = quote.chain if chain is None and isinstance(quote, Quote) else chain or ()
    hints = [one if isinstance(one, bytes) else encode(one) for one in named]
    return call(Target.ATTESTATION, "verify(bytes,bytes[])", document, hints)


def _submit(name: str, signed: Signed) -> Call:
    return submit_signed(name, signed, signed.signature())


STARTS = {
    Start.NOTHING: (),
    Start.REVOCATIONS: (submit_crl(ROOT_CRL, ROOT), submit_crl(CA_CRL, ROOT, CA)),
    Start.EVERYTHING: (submit_tcb(), submit_qe()),
}
"""The calls that lead from the start before to this one."""
