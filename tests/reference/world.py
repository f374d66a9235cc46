"""The chain next to the reference ledger: it does what the ledger predicts, or says where they differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from eth_abi.abi import decode, encode
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from indexer.decode import EventDecoder
from indexer.events import Reason
from indexer.wire import parse_logs
from tests.reference import statements
from tests.reference.ledger import Ledger
from tests.reference.signing import CHANNELS_ADDRESS, COLLECTOR_ADDRESS, Signing, sign
from tests.reference.statements import NOBODY, Enclave, Event, Outcome, Proof, Route
from veritally.abi import Artifact
from veritally.devnet import Devnet
from veritally.devnet.anvil import set_code
from veritally.devnet.network import MULTICALL3_ADDRESS, PERMIT2_ADDRESS
from veritally.devnet.parts import Parts, find_root
from veritally.pay_address import pay_address_of
from veritally.receipts import SettlementDomain
from veritally.routes import ROUTE_OF
from veritally.tiers import SETTLED_TIERS, Tier

GAS = 29_000_000
ENCLAVE_LIFE_S = 6 * 86_400
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
    """A development chain with x402's channels, a model with a circuit, enclaves, and two routes a tier."""

    def __init__(self, devnet: Devnet) -> None:
        self.devnet = devnet
        self.accounts = devnet.accounts
        self.provers = (self.accounts.prover, self.accounts.deployer)
        self.enclaves = (self.accounts.enclave, Account.from_key(keccak(text="another enclave")))
        self.settlement = devnet.deployment.settlement
        self.token = bytes.fromhex(devnet.usdc[2:])
        self.decoder = EventDecoder.of_package()
        permit2 = devnet.chain.w3.eth.call({"to": PERMIT2_ADDRESS, "data": selector("DOMAIN_SEPARATOR()")})
        self.signing = Signing(SettlementDomain.of(devnet.deployment), self.token, bytes(permit2))
        self.routes = {
            tier: (ROUTE_OF[tier], bytes(keccak(text=f"spare {tier.label}")[:4])) for tier in SETTLED_TIERS
        }
        self._install_channels()
        self.model, self.answers = self._register_model()
        self._open_spare_routes()
        self.enclaves_until_s = self._admit_enclaves()
        self._snapshot = self.rpc("evm_snapshot")

    def reset(self) -> Ledger:
        """Takes the chain back to its first state; the ledger that agrees with it."""
        assert self.rpc("evm_revert", self._snapshot) is True
        self._snapshot = self.rpc("evm_snapshot")
        block = self.rpc("eth_getBlockByNumber", "latest", False)
        ledger = Ledger(bytes.fromhex(self.settlement[2:]), self.pay_address)
        ledger.now_s, ledger.block = int(block["timestamp"], 16), int(block["number"], 16)
        ledger.routes = {route: Route(tier) for tier, pair in self.routes.items() for route in pair}
        for key in self.enclaves:
            enclave = Enclave(self.model, address(self.provers[0]), self.enclaves_until_s)
            ledger.enclaves[address(key)] = enclave
        ledger.circuits[self.model] = True
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
            (settled, skipped, self._reason(self.decoder.reason(reason)))
            for settled, skipped, reason in results
        ]

    def events(self, receipt: dict[str, Any]) -> list[Event]:
        """What Settlement emitted, as the indexer reads it."""
        ours = [log for log in receipt["logs"] if log["address"].lower() == self.settlement.lower()]
        return [
            self._plain(self.decoder.decode(log))
            for log in parse_logs(msgspec.Raw(msgspec.json.encode(ours)))
        ]

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

    def _plain(self, event: Any) -> Event:
        values = {name: value for name, value in vars(event).items() if name != "position"}
        if "payer" in values:
            values["payer"] = values["payer"] or NOBODY
        if "reason" in values:
            values["reason"] = self._reason(values["reason"])
        plain: Event = getattr(statements, type(event).__name__)(**values)
        return plain

    @staticmethod
    def _reason(reason: Reason) -> str:
        if reason.name != "PaymentFailed":
            return reason.name or reason.octets.hex()
        (cause,) = decode(("bytes",), reason.octets[4:])
        if cause[:4] == ERROR_SELECTOR:
            # USDC leaves what was in memory behind some of its sentences
            return f"PaymentFailed: {decode(('string',), cause[4:], strict=False)[0]}"
        return f"PaymentFailed: {CAUSES.get(cause[:4], cause.hex())}"

    def _install_channels(self) -> None:
        """Runs the constructors for their code: what they keep is derived again at the new address."""
        chain, parts = self.devnet.chain, Parts(find_root(None))
        settlement = encode(("address",), (CHANNELS_ADDRESS,))
        for name, place, arguments in (
            ("X402BatchSettlement", CHANNELS_ADDRESS, b""),
            ("X402ERC3009DepositCollector", COLLECTOR_ADDRESS, settlement),
        ):
            runtime = chain.w3.eth.call(
                {"data": HexBytes(parts.compiled(name).bytecode) + HexBytes(arguments)}
            )
            set_code(chain, place, runtime.to_0x_hex())

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
        counts = (vector["inputCount"], vector["outputCount"], vector["inputScale"], vector["outputScale"])
        circuit = (verifier, *counts, PROOF_GAS, True, HexBytes(vector["verifyingKeyHash"]))
        chain.send(registry.functions.addCircuit(model, circuit), owner)
        return model, tuple(_proven(item, vector["inputCount"]) for item in vector["proofs"])

    def _open_spare_routes(self) -> None:
        deployment = self.devnet.deployment
        router = self.devnet.chain.contract("VerifierRouter", deployment.router)
        verifiers = (deployment.signed_verifier, deployment.tee_verifier, deployment.zkml_verifier)
        for tier, verifier in zip(SETTLED_TIERS, verifiers, strict=True):
            gas = (200_000, 1_200_000 if tier == Tier.ZKML else 0)
            self.devnet.chain.send(
                router.functions.add(self.routes[tier][1], verifier, *gas), self.accounts.deployer
            )

    def _admit_enclaves(self) -> int:
        """Registers both enclaves for the first prover; the time at which they end."""
        registry = self.devnet.chain.contract("EnclaveRegistry", self.devnet.deployment.enclave_registry)
        now_s = self.devnet.chain.w3.eth.get_block("latest")["timestamp"]
        terms = (self.provers[0].address, self.model, bytes(32), now_s - 1, now_s + ENCLAVE_LIFE_S)
        for key in self.enclaves:
            admission = (key.address, *terms)
            digest = bytes(registry.functions.admissionDigest(admission).call())
            signatures = [sign(signer, digest) for signer in (self.accounts.development_root, key)]
            self.devnet.chain.send(registry.functions.register(admission, *signatures), self.accounts.relayer)
        return now_s + ENCLAVE_LIFE_S


def selector(signature: str) -> HexBytes:
    return HexBytes(keccak(text=signature)[:4])


def _proven(item: dict[str, Any], inputs: int) -> ProvenAnswer:
    words = [bytes.fromhex(word[2:]) for word in item["instances"]]
    request, response = keccak(b"".join(words[:inputs])), keccak(b"".join(words[inputs:]))
    instances = tuple(int.from_bytes(word, "big") for word in words)
    return ProvenAnswer(bytes.fromhex(item["proof"][2:]), instances, Proof(request, response, valid=True))
