"""A key that lives in this process's memory, and its registration on the chain."""

from __future__ import annotations

import logging

from coincurve import PrivateKey
from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3.contract.contract import ContractFunction

from prover.enclave.sources import DocumentSource
from prover.errors import ProverError
from prover.signer import sign_digest
from veritally.attestation.binding import BINDING_BYTES, KeyBinding, KeyKind
from veritally.attestation.registration import Registration, key_id
from veritally.chain import Chain, with_reserve
from veritally.deployment import Deployment
from veritally.errors import VeritallyError

LIFETIME_S = 7 * 24 * 3600
"""Longest that the registry grants."""
RENEW_BEFORE_S = 24 * 3600
CHALLENGE_DEPTH = 2
"""Blocks between the challenge and the latest one, which another may still replace."""

_CALLEES = ("ModelRegistry", "NitroAttestation", "TdxAttestation", "TdxCollateral", "IntelCertificates")
"""Contracts whose errors a registration may end with, besides the registry's own."""

_log = logging.getLogger("veritally.prover")


class Enclave:
    """Signs for one model and prover. The key is made here, written nowhere, and dies with the process."""

    def __init__(
        self,
        chain: Chain,
        deployment: Deployment,
        prover: LocalAccount,
        source: DocumentSource,
        model_id: bytes,
    ) -> None:
        """`prover` is paid for what the key signs, and pays for its registration."""
        self._chain = chain
        self._registry = chain.contract("EnclaveRegistry", deployment.enclave_registry, *_CALLEES)
        self._prover = prover
        self._source = source
        self._account: LocalAccount = Account.create()
        self._binding = KeyBinding(
            chain_id=chain.chain_id,
            registry=self._registry.address,
            kind=KeyKind.SECP256K1,
            public_key=_public_key(self._account),
            prover=prover.address,
            model_commitment=model_id,
        )
        self._key = key_id(KeyKind.SECP256K1, self._binding.public_key)

    @property
    def address(self) -> str:
        """Checksummed address of the key."""
        return str(self._account.address)

    def measure(self) -> bytes:
        """Measurement of the code that runs here, from a document that is used for nothing else.

        Raises:
            DriverError: the platform gives no document.
            DocumentUnusableError: the contract would refuse it.
            CollateralNotCurrentError: the chain does not know what Intel says of the machine now.
            DebugEnclaveError: the enclave runs in debug mode.
            ChainUnreachableError: the node does not tell the time of its chain.
        """
        document = self._source.driver.attest(bytes(BINDING_BYTES), b"", b"")
        return self._source.verify(document, self._chain.time_s()).measurement

    def sign(self, digest: bytes) -> tuple[str, bytes]:
        """Address of the key, which is registered and valid now, and its signature over a group digest.

        Raises:
            EnclaveError, DriverError: the key had to be registered, and there is no usable document.
            TransactionFailedError: it had to be, and the registry refused it.
            ChainUnreachableError: the node does not answer.
        """
        self.ensure_registered()
        return self.address, sign_digest(self._account, digest)

    def ensure_registered(self) -> None:
        """Registers the key, or renews it when it expires soon, by what the registry says of it now.

        A renewal that fails is tried again with the next group: the key serves until it expires. Raises as
        `sign`.
        """
        now_s = self._chain.time_s()
        valid_until_s = self.registered_until_s()
        if valid_until_s - now_s > RENEW_BEFORE_S:
            return
        try:
            self._register(now_s)
        except (ProverError, VeritallyError) as error:
            if valid_until_s <= now_s:
                raise
            left_s = valid_until_s - now_s
            _log.warning("key %s, valid for %d s more, was not renewed: %s", self.address, left_s, error)

    def registered_until_s(self) -> int:
        """Unix time until which the registry takes the key; zero when it is unknown there.

        Raises:
            ChainUnreachableError: the node does not answer.
        """
        return int(self._chain.read(self._registry.functions.getKey(self._key)).validUntil)

    def _register(self, now_s: int) -> None:
        request = self._request(now_s)
        document = self._source.driver.attest(request.user_data(), b"", b"")
        self._source.verify(document, now_s)
        signature = sign_digest(self._account, request.digest())
        shown = self._source.prepare(document)
        register = self._registry.functions.register(request.as_argument(), *shown, signature)
        self._chain.send(register, self._prover, self._gas_limit(register))

    def _gas_limit(self, register: ContractFunction) -> int:
        """As for others, but estimated in the next block: the latest may be older than the document."""
        with self._chain.explained("register", self._registry.abi):
            return with_reserve(register.estimate_gas({"from": self._prover.address}, "pending"))

    def _request(self, now_s: int) -> Registration:
        with self._chain.reading():
            block = self._chain.w3.eth.get_block(max(0, self._chain.block_number() - CHALLENGE_DEPTH))
        return Registration(
            platform=self._source.platform,
            binding=self._binding,
            challenge_block=int(block["number"]),
            challenge=bytes(block["hash"]),
            valid_until_s=now_s + LIFETIME_S,
        )


def _public_key(account: LocalAccount) -> bytes:
    """x and y."""
    return PrivateKey(bytes(account.key)).public_key.format(compressed=False)[1:]
