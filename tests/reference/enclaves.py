"""Keys of enclaves of the software root, registered as any other."""

from __future__ import annotations

from dataclasses import dataclass

from coincurve import PrivateKey
from eth_account.signers.local import LocalAccount

from prover.enclave.drivers import SOFTWARE_PCRS
from tests.reference.signing import sign
from veritally.attestation.binding import KeyBinding, KeyKind
from veritally.attestation.claims import Platform
from veritally.attestation.nitro import measurement
from veritally.attestation.nitro_hints import make_nitro_hints
from veritally.attestation.registration import Registration, key_id
from veritally.attestation.software_root import SoftwareRoot
from veritally.devnet import Devnet

SOFTWARE_MEASUREMENT = measurement(Platform.DEVELOPMENT, SOFTWARE_PCRS)
LIFE_S = 6 * 86_400


def public_key(account: LocalAccount) -> bytes:
    """x and y."""
    return PrivateKey(bytes(account.key)).public_key.format(compressed=False)[1:]


def key_name(account: LocalAccount) -> bytes:
    """The key's name in the registry."""
    return key_id(KeyKind.SECP256K1, public_key(account))


@dataclass(frozen=True)
class Enclaves:
    """Registers keys that tests know, for one prover and model."""

    devnet: Devnet
    prover: str
    model_id: bytes

    def request(self, key: LocalAccount, age_blocks: int = 1) -> Registration:
        """What the enclave of `key` asks for; its challenge is that many blocks old."""
        eth = self.devnet.chain.w3.eth
        block = eth.get_block(max(0, eth.block_number - age_blocks))
        registry = self.devnet.deployment.enclave_registry
        binding = KeyBinding(
            self.devnet.chain.chain_id,
            registry,
            KeyKind.SECP256K1,
            public_key(key),
            self.prover,
            self.model_id,
        )
        until_s = self.devnet.chain.time_s() + LIFE_S
        return Registration(
            Platform.DEVELOPMENT, binding, int(block["number"]), bytes(block["hash"]), until_s
        )

    def register(self, key: LocalAccount, request: Registration | None = None) -> int:
        """Registers the key; returns the chain time in seconds until which it is valid."""
        chain, asked = self.devnet.chain, request or self.request(key)
        root = SoftwareRoot.of_test_mnemonic(chain.chain_id)
        document = root.document(SOFTWARE_PCRS, chain.time_s(), user_data=asked.user_data())
        registry = chain.contract("EnclaveRegistry", self.devnet.deployment.enclave_registry)
        signature = sign(key, asked.digest())
        register = registry.functions.register(
            asked.as_argument(), document, make_nitro_hints(document), signature
        )
        chain.send(register, self.devnet.accounts.relayer)
        return asked.valid_until_s
