"""A development enclave: a key in this process's memory, admitted by the development root. It proves nothing.

It takes the way of a real enclave (admission, registration, validity window, signature over the group), so
that the whole tier runs on a development chain; the contract marks what it backs as `development`.
"""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from prover.signer import sign_digest
from veritally.chain import Chain
from veritally.deployment import Deployment
from veritally.receipts import eip712_digest, eip712_domain_separator

ADMISSION_TYPE = (
    "Admission(address key,address prover,bytes32 modelId,"
    "bytes32 measurement,uint40 validFrom,uint40 validUntil)"
)
DEVELOPMENT_MEASUREMENT = bytes(keccak(text="DEVELOPMENT ONLY - NOT A TEE"))
LIFETIME_S = 7 * 24 * 3600
RENEW_BEFORE_S = 3600

_ADMISSION_FIELDS = ("bytes32", "address", "address", "bytes32", "bytes32", "uint40", "uint40")


@dataclass(frozen=True)
class EnclaveKey:
    """A registered key and the chain time at which it expires."""

    account: LocalAccount
    valid_until_s: int


class DevelopmentEnclave:
    """Holds the key for one model and registers a new one before the old one expires."""

    def __init__(
        self, chain: Chain, deployment: Deployment, prover: LocalAccount, root: LocalAccount, model_id: bytes
    ) -> None:
        self._chain = chain
        self._registry = chain.contract("EnclaveRegistry", deployment.enclave_registry)
        self._prover = prover
        self._root = root
        self._model_id = model_id
        self._key: EnclaveKey | None = None

    def sign(self, digest: bytes) -> tuple[str, bytes]:
        """Address of a key that is valid now, and its signature over a group digest.

        Raises:
            TransactionFailedError: a new key was needed and the registry refused it.
        """
        account = self.ensure_key().account
        return account.address, sign_digest(account, digest)

    def ensure_key(self) -> EnclaveKey:
        """The key, after registering a new one when there is none or it expires soon.

        Raises:
            TransactionFailedError: the registry refused the new key.
            ChainUnreachableError: the node does not tell the time of its chain.
        """
        with self._chain.reading():
            now_s = self._chain.w3.eth.get_block("latest")["timestamp"]
        if self._key is None or self._key.valid_until_s - now_s < RENEW_BEFORE_S:
            self._key = self._register(now_s)
        return self._key

    def _register(self, now_s: int) -> EnclaveKey:
        key: LocalAccount = Account.create()
        admission = (
            key.address,
            self._prover.address,
            self._model_id,
            DEVELOPMENT_MEASUREMENT,
            now_s,
            now_s + LIFETIME_S,
        )
        digest = self._digest(admission)
        register = self._registry.functions.register(
            admission, sign_digest(self._root, digest), sign_digest(key, digest)
        )
        self._chain.send(register, self._prover)
        return EnclaveKey(key, now_s + LIFETIME_S)

    def _digest(self, admission: tuple[str, str, bytes, bytes, int, int]) -> bytes:
        separator = eip712_domain_separator(
            "Veritally EnclaveRegistry", "1", self._chain.chain_id, self._registry.address
        )
        typehash = keccak(text=ADMISSION_TYPE)
        return eip712_digest(separator, keccak(encode(_ADMISSION_FIELDS, (typehash, *admission))))
