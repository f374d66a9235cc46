"""The chain next to the reference ledger: it does what the ledger predicts, or says where they differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import decode, encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from indexer.decode import INDEXED_CONTRACTS, EventDecoder
from tests.reference.enclaves import SOFTWARE_MEASUREMENT, Enclaves, key_name
from tests.reference.indexed_events import read_events
from tests.reference.ledger import Ledger
from tests.reference.signing import Signing
from tests.reference.statements import Enclave, Event, Outcome, Proof, Route
from veritally.abi import Artifact, load_artifact
from veritally.contract_table import ROUTES
from veritally.devnet import Devnet
from veritally.devnet.network import MULTICALL3_ADDRESS
from veritally.devnet.parts import find_root
from veritally.labels import Labels
from veritally.pay_address import pay_address_of
from veritally.receipts import SettlementDomain
from veritally.routes import ROUTE_OF
from veritally.tiers import SETTLED_TIERS, Tier
from veritally.x402.addresses import PERMIT2_ADDRESS

GAS = 29_000_000
PROOF_GAS = 700_000
OTHER_MODEL = bytes(keccak(text="a model without a circuit"))
CAUSES = {
    bytes(keccak(text=error)[:4]): error.partition("(")[0]
    for error in (
        "PaymentTooEarly()",
        "SignatureExpired(uint256)",
        "InvalidNonce()",
        "InvalidSigner()",
        "ClaimExceedsBalance()",
        "InvalidSignature()",
    )
}
ERROR_SELECTOR = bytes(keccak(text="Error(string)")[:4])


@dataclass(frozen=True)
class ProvenAnswer:
    """A real proof and the hashes that a receipt of it carries."""

    proof: bytes
    instances: tuple[int, ...]
    statement: Proof


@dataclass(frozen=True)
class Reading:
    """A call and what it must return, as ABI words."""

    what: str
    target: str
    data: bytes
    expected: bytes


def address(account: LocalAccount) -> bytes:
    return bytes.fromhex(account.address[2:])


def reading(what: str, target: str, call: str, arguments: Sequence[Any], *words: int) -> Reading:
    """`call` is a function's signature without structs."""
    types = [item for item in call[call.index("(") + 1 : -1].split(",") if item]
    data = bytes(keccak(text=call)[:4]) + encode(types, arguments)
    return Reading(what, target, data, b"".join(word.to_bytes(32, "big") for word in words))


class World:
    """A development chain with a model with a circuit, enclaves, and two routes a tier."""

    def __init__(self, devnet: Devnet) -> None:
        self.devnet = devnet
        self.accounts = devnet.accounts
        self.provers = (self.accounts.prover, self.accounts.deployer)
        self.enclaves = (self.accounts.enclave, Account.from_key(keccak(text="another enclave")))
        self.key_names = {address(key): key_name(key) for key in self.enclaves}
        self.settlement = devnet.deployment.settlement
        self.token = bytes.fromhex(devnet.usdc[2:])
        addresses = {name: devnet.deployment.address_of(name) for name in INDEXED_CONTRACTS}
        self.decoder = EventDecoder({name: bytes.fromhex(text[2:]) for name, text in addresses.items()})
        permit2 = devnet.chain.w3.eth.call({"to": PERMIT2_ADDRESS, "data": selector("DOMAIN_SEPARATOR()")})
        self.signing = Signing(SettlementDomain.of(devnet.deployment), self.token, bytes(permit2))
        self.routes = {
            tier: (ROUTE_OF[tier], bytes(keccak(text=f"spare {tier.label}")[:4])) for tier in SETTLED_TIERS
        }
        self.model, self.answers = self._register_model()
        self._open_spare_routes()
        self.enclaves_until_s = self._register_enclaves()
        self._snapshot = self.rpc("evm_snapshot")

    def reset(self) -> Ledger:
        """Takes the chain back to its first state; the ledger that agrees with it."""
        assert self.rpc("evm_revert", self._snapshot) is True
        self._snapshot = self.rpc("evm_snapshot")
        block = self.rpc("eth_getBlockByNumber", "latest", False)
        ledger = Ledger(bytes.fromhex(self.settlement[2:]), self.pay_address)
        ledger.now_s, ledger.block = int(block["timestamp"], 16), int(block["number"], 16)
        ledger.routes = {route: Route(tier) for tier, pair in self.routes.items() for route in pair}
        for key, until_s in zip(self.enclaves, self.enclaves_until_s, strict=True):
            enclave = Enclave(self.model, address(self.provers[0]), self.key_names[address(key)], until_s)
            ledger.enclaves[address(key)] = enclave
        ledger.circuits[self.model] = Labels.DEVELOPMENT
        for payer in self.accounts.payers:
            funds = self.devnet.usdc_balance_base_units(payer.address)
            ledger.state.balances[self.token, address(payer)] = funds
            ledger.state.permit2_allowances[self.token, address(payer)] = 2**256 - 1
        return ledger

    def pay_address(self, prover: bytes, floor: int) -> bytes:
        return bytes.fromhex(pay_address_of(self.devnet.deployment, f"0x{prover.hex()}", Tier(floor))[2:])

    def rpc(self, method: str, *params: Any) -> Any:
        answer: Any = self.devnet.chain.w3.provider.make_request(method, list(params))  # type: ignore[arg-type]
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def send(self, ledger: Ledger, account: LocalAccount, to: str, data: bytes) -> dict[str, Any]:
        """Sends a transaction in the block that the ledger has moved on to."""
        self.rpc("evm_setNextBlockTimestamp", hex(ledger.now_s))
        call = {"from": account.address, "to": to, "data": f"0x{data.hex()}", "gas": hex(GAS)}
        receipt: dict[str, Any] = self.rpc("eth_sendTransactionSync", call)
        assert receipt["status"] == "0x1", f"reverted: {self._trace(receipt)}"
        assert int(receipt["blockNumber"], 16) == ledger.block
        return receipt

    def outcomes(self, receipt: dict[str, Any]) -> list[Outcome]:
        """What a mined `settle` returned."""
        (results,) = decode(("(uint32,uint32,bytes)[]",), HexBytes(self._trace(receipt)["output"]))
        return [
            (settled, skipped, self._reason(reason, self.decoder.reason_name(reason)))
            for settled, skipped, reason in results
        ]

    def events(self, receipt: dict[str, Any]) -> list[Event]:
        """What Settlement emitted, as the indexer reads it."""
        ours = [log for log in receipt["logs"] if log["address"].lower() == self.settlement.lower()]
        return read_events(self.decoder, ours, self._reason)

    def differences(self, readings: Sequence[Reading]) -> Iterator[str]:
        """Readings that are not what the ledger expects."""
        calls = [(item.target, True, item.data) for item in readings]
        data = selector("aggregate3((address,bool,bytes)[])") + encode(("(address,bool,bytes)[]",), (calls,))
        call = {"to": MULTICALL3_ADDRESS, "data": f"0x{data.hex()}", "gas": hex(2 * GAS)}
        (answers,) = decode(("(bool,bytes)[]",), HexBytes(self.rpc("eth_call", call, "latest")))
        for item, (_, answer) in zip(readings, answers, strict=True):
            if answer != item.expected:
                yield f"{item.what}: chain 0x{answer.hex()}, ledger 0x{item.expected.hex()}"

    def _trace(self, receipt: dict[str, Any]) -> dict[str, Any]:
        options = {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}}
        trace: dict[str, Any] = self.rpc("debug_traceTransaction", receipt["transactionHash"], options)
        return trace

    @staticmethod
    def _reason(reason: bytes, name: str | None) -> str:
        if name != "PaymentFailed":
            return name or reason.hex()
        (cause,) = decode(("bytes",), reason[4:])
        if cause[:4] == ERROR_SELECTOR:
            # USDC leaves what was in memory behind some of its sentences
            return f"PaymentFailed: {decode(('string',), cause[4:], strict=False)[0]}"
        return f"PaymentFailed: {CAUSES.get(cause[:4], cause.hex())}"

    def _register_model(self) -> tuple[bytes, tuple[ProvenAnswer, ...]]:
        """Puts the model and the verifier of the shared vector on the chain."""
        path = find_root(None) / "tests" / "vectors" / "zkml" / "iris.json"
        vector = json.loads(path.read_text(encoding="utf-8"))
        chain, owner = self.devnet.chain, self.accounts.deployer
        artifact = Artifact("verifier", [], vector["verifierCreationBytecode"])
        verifier = chain.deploy(artifact, account=owner)
        registry = chain.contract("ModelRegistry", self.devnet.deployment.model_registry)
        weights = HexBytes(vector["weightsHash"])
        chain.send(registry.functions.register(weights, "iris"), owner)
        model = bytes(registry.functions.modelIdOf(owner.address, weights).call())
        circuit = {
            "verifier": verifier,
            "batchSize": 1,
            "inputs": vector["inputCount"],
            "outputs": vector["outputCount"],
            "proofGas": PROOF_GAS,
            "developmentSrs": True,
            "stopped": False,
            "inputScale": vector["inputScale"],
            "outputScale": vector["outputScale"],
            "inputsCommitted": False,
            "ezklVersion": bytes(16),
            "verifyingKeyHash": HexBytes(vector["verifyingKeyHash"]),
        }
        valid = vector["proofs"][0]
        instances = [int(word, 16) for word in valid["instances"]]
        add = registry.functions.addCircuit(model, circuit, HexBytes(valid["proof"]), instances)
        chain.send(add, owner)
        chain.send(registry.functions.acceptMeasurement(model, SOFTWARE_MEASUREMENT), owner)
        return model, tuple(_proven(item, vector["inputCount"]) for item in vector["proofs"])

    def _open_spare_routes(self) -> None:
        """A second route of each tier, to another copy of the verifier."""
        chain, deployment, owner = self.devnet.chain, self.devnet.deployment, self.accounts.deployer
        router = chain.contract("VerifierRouter", deployment.router).functions
        registries = {Tier.TEE: [deployment.enclave_registry], Tier.ZKML: [deployment.model_registry]}
        for tier, terms in ROUTES.items():
            artifact = load_artifact(terms.verifier)
            verifier = chain.deploy(artifact, *registries.get(tier, []), account=owner)
            route = self.routes[tier][1]
            gas = (terms.group_gas, terms.receipt_gas)
            chain.send(router.add(route, verifier, *gas, terms.deterministic), owner)
            chain.send(router.activate(route), owner)

    def _register_enclaves(self) -> list[int]:
        """Registers both enclaves' keys for the first prover; the times at which they end."""
        enclaves = Enclaves(self.devnet, self.provers[0].address, self.model)
        return [enclaves.register(key) for key in self.enclaves]


def selector(signature: str) -> HexBytes:
    return HexBytes(keccak(text=signature)[:4])


def _proven(item: dict[str, Any], inputs: int) -> ProvenAnswer:
    words = [bytes.fromhex(word[2:]) for word in item["instances"]]
    request, response = keccak(b"".join(words[:inputs])), keccak(b"".join(words[inputs:]))
    instances = tuple(int.from_bytes(word, "big") for word in words)
    return ProvenAnswer(bytes.fromhex(item["proof"][2:]), instances, Proof(request, response, valid=True))
