"""The contracts that verify TDX quotes: what they take, and how to feed them Intel's lists."""

from __future__ import annotations

from dataclasses import dataclass

from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from web3.contract import Contract
from web3.contract.contract import ContractFunction

from veritally.abi import load_artifact
from veritally.attestation import tdx
from veritally.attestation.claims import Platform
from veritally.attestation.collateral import Collateral
from veritally.chain import Chain
from veritally.deployment import Deployment

DEPLOYED_NAMES = ("IntelCertificates", "TdxCollateral", "TdxAttestation")
"""Each calls the one before it."""

_CUT_BYTES = 1_252
"""Length of a quote that is cut before its certificates."""


def cut_quote(quote: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """A quote up to its certificates, and these in DER, root first: what the contract takes.

    Raises:
        RefusedError: it is no TDX quote that can be read.
    """
    certificates = tdx.parse(quote).certificates
    return quote[:_CUT_BYTES], certificates


@dataclass(frozen=True)
class TdxContracts:
    """Contracts that judge certificates, keep Intel's lists, and verify quotes."""

    certificates: Contract
    collateral: Contract
    attestation: Contract

    @classmethod
    def deploy(cls, chain: Chain, root: bytes, account: LocalAccount) -> TdxContracts:
        """Deploys all of them for Intel's root, or for a root of one's own on a development chain.

        Raises:
            TransactionFailedError: the root is refused on this chain.
        """
        platform = Platform.TDX if root == tdx.INTEL_ROOT else Platform.DEVELOPMENT
        certificates = chain.deploy(load_artifact("IntelCertificates"), root, int(platform), account=account)
        collateral = chain.deploy(load_artifact("TdxCollateral"), certificates, account=account)
        attestation = chain.deploy(load_artifact("TdxAttestation"), collateral, account=account)
        return cls.at(chain, certificates, collateral, attestation)

    @classmethod
    def of_deployment(cls, chain: Chain, deployment: Deployment) -> TdxContracts:
        """Those of a deployment."""
        return cls.at(chain, *(deployment.address_of(name) for name in DEPLOYED_NAMES))

    @classmethod
    def at(cls, chain: Chain, *addresses: str) -> TdxContracts:
        """Those at three addresses, in the order of `DEPLOYED_NAMES`."""
        first, second, third = zip(DEPLOYED_NAMES, addresses, strict=True)
        return cls(
            certificates=chain.contract(*first),
            collateral=chain.contract(*second, *DEPLOYED_NAMES[:1]),
            attestation=chain.contract(*third, *DEPLOYED_NAMES[:2]),
        )

    def submissions(self, collateral: Collateral) -> tuple[ContractFunction, ...]:
        """The calls that store Intel's lists, in the order that they need."""
        root_only = collateral.authority_chain[:1]
        tcb, qe = collateral.tcb_info, collateral.qe_identity
        lists = self.collateral.functions
        return (
            self.certificates.functions.submitCrl(collateral.root_crl, root_only),
            self.certificates.functions.submitCrl(collateral.authority_crl, collateral.authority_chain),
            lists.submitTcbInfo(tcb.content, tcb.signature, tcb.chain),
            lists.submitQeIdentity(qe.content, qe.signature, qe.chain),
        )

    def ends(self, collateral: Collateral) -> tuple[ContractFunction, ...]:
        """For each of the submissions, the call that says when the list on the chain was made and ends.

        Raises:
            RefusedError: a certificate or a list cannot be read.
        """
        root, authority = map(keccak, collateral.issuers())
        return (
            self.certificates.functions.crls(root),
            self.certificates.functions.crls(authority),
            self.collateral.functions.tcbInfo(*collateral.kind_of_machine()),
            self.collateral.functions.qeIdentity(),
        )

    def verification(self, quote: bytes) -> ContractFunction:
        """The call that verifies a whole quote.

        Raises:
            RefusedError: it is no TDX quote that can be read.
        """
        document, hints = cut_quote(quote)
        return self.attestation.functions.verify(document, hints)
