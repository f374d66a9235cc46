"""Documents of the enclave, judged before anything is sent, and in the form that the contract takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from web3.contract import Contract
from web3.exceptions import ContractLogicError

from prover.enclave.errors import CollateralNotCurrentError, DebugEnclaveError, DocumentUnusableError
from veritally.attestation import nitro
from veritally.attestation.claims import AttestationClaims, Platform, read_claims
from veritally.attestation.drivers.driver import AttestationDriver
from veritally.attestation.errors import RefusedError
from veritally.attestation.nitro_hints import make_nitro_hints
from veritally.attestation.tdx_contracts import cut_quote
from veritally.chain import Chain
from veritally.reverts import refusal_reason

_COLLATERAL_ERRORS = ("CrlNotCurrent(", "ListNotCurrent(", "UnknownMachine(")


class DocumentSource(Protocol):
    """A driver, and what the chain knows about its platform."""

    @property
    def driver(self) -> AttestationDriver:
        """Gives the documents."""

    @property
    def platform(self) -> Platform:
        """Whose documents the contract takes them for."""

    def verify(self, document: bytes, at_s: int, /) -> AttestationClaims:
        """Judges a document as the contract would, and refuses debug mode.

        `at_s` is the time of the latest block in Unix seconds. The document may be younger; then the block
        that judges it is, too.

        Raises:
            DocumentUnusableError: the contract would refuse it.
            CollateralNotCurrentError: the chain does not know what its vendor says of the machine now.
            DebugEnclaveError: the enclave runs in debug mode.
            ChainUnreachableError: the node does not answer.
        """

    def prepare(self, document: bytes) -> tuple[bytes, Sequence[bytes]]:
        """A document that was verified, as the contract takes it, and its hints."""


@dataclass(frozen=True)
class NitroSource:
    """Documents in the form of AWS Nitro's."""

    driver: AttestationDriver
    platform: Platform
    root: bytes
    """SHA-256 of the root certificate that the contract is pinned to."""

    def verify(self, document: bytes, at_s: int, /) -> AttestationClaims:
        """See `DocumentSource`; judged here, without the chain."""
        try:
            made_at_s = nitro.parse(document).timestamp_ms // 1000
            claims = nitro.verify(document, self.root, max(at_s, made_at_s))
        except RefusedError as refusal:
            raise DocumentUnusableError(self.platform.label, str(refusal)) from None
        return _require_no_debug(claims)

    def prepare(self, document: bytes) -> tuple[bytes, Sequence[bytes]]:
        """See `DocumentSource`."""
        return document, make_nitro_hints(document)


@dataclass(frozen=True)
class TdxSource:
    """Quotes of Intel TDX."""

    driver: AttestationDriver
    platform: Platform
    chain: Chain
    verifier: Contract
    """`TdxAttestation`, with the errors of what it calls."""

    def verify(self, document: bytes, _at_s: int, /) -> AttestationClaims:
        """See `DocumentSource`; judged by the contract itself, since only the chain has Intel's lists."""
        try:
            verify = self.verifier.functions.verify(*self.prepare(document))
            claims = read_claims(self.chain.read(verify))
        except RefusedError as refusal:
            raise DocumentUnusableError(self.platform.label, str(refusal)) from None
        except ContractLogicError as error:
            reason = refusal_reason(error, self.verifier.abi)
            if reason.startswith(_COLLATERAL_ERRORS):
                raise CollateralNotCurrentError(reason) from None
            raise DocumentUnusableError(self.platform.label, reason) from None
        return _require_no_debug(claims)

    def prepare(self, document: bytes) -> tuple[bytes, Sequence[bytes]]:
        """See `DocumentSource`: the quote up to its certificates, and these."""
        return cut_quote(document)


def _require_no_debug(claims: AttestationClaims) -> AttestationClaims:
    if claims.debug:
        raise DebugEnclaveError
    return claims
