"""Orders for networks: run, proved, metered, and run again after a crash."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ezkl_children import children, wait_for_child
from prover_service import IRIS_INPUT, cache_dir
from sqlmodel import SQLModel

from prover.catalogue import Offer, ServedModel
from prover.errors import EzklTimeoutError, OutputMismatchError, RequestRefusedError, ShuttingDownError
from prover.inference import Runner, amount_base_units
from prover.jobs.job import Order
from prover.onnx_model import OnnxModel
from prover.registration import RegisteredCircuit
from prover.requests import parse_inference_body
from prover.settings import MODELS_DIRECTORY
from prover.workers.desk import ProofDesk
from prover.workers.errors import ClusterFilesError, ProofLateError
from prover.workers.limits import DeskLimits
from prover.workers.opening import ClusterSettings, open_desk
from prover.workers.tables import TABLES
from prover.zkml.circuit import prepare_circuit
from prover.zkml.errors import ProofTooLargeError
from prover.zkml.package import ModelPackage
from prover.zkml.proof_pool import ProofPool
from veritally.commitments import json_commitment
from veritally.payments import ExactPayment, SignedPayment, UptoPayment
from veritally.receipts import ZERO_ADDRESS
from veritally.tiers import Tier
from veritally.transactions import Database

MODEL_ID = bytes(31) + b"\x09"
PRICE = 1_000
VIRGINICA_CM = [6.3, 3.3, 6.0, 2.5]
UPTO = UptoPayment(10 * PRICE, 1, 2**40, 0, bytes(65))


@pytest.fixture(scope="module")
def model() -> ServedModel:
    package = dataclasses.replace(ModelPackage.load(MODELS_DIRECTORY / "iris"), max_rows=3)
    circuit = prepare_circuit(package, cache_dir(), print)
    offers = {tier: Offer(PRICE, ZERO_ADDRESS) for tier in (Tier.SIGNED, Tier.ZKML)}
    return ServedModel(
        package, MODEL_ID, OnnxModel(package), circuit, RegisteredCircuit(0, ZERO_ADDRESS), offers
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/proofs.db")
    with made.transaction() as session:
        SQLModel.metadata.create_all(session.connection(), tables=TABLES)
    yield made
    made.close()


@contextmanager
def running(database: Database, model: ServedModel, timeout_s: float = 60.0) -> Iterator[ProofDesk]:
    desk = open_desk(database, [model.circuit], DeskLimits(timeout_s=timeout_s), max_parallel_proofs=1)
    desk.start()
    yield desk
    desk.close()
    assert children() == set()


def runner(model: ServedModel, desk: ProofDesk) -> Runner:
    return Runner({"iris": model}, desk)


def order(tier: Tier = Tier.ZKML, content: Any = None, **changes: Any) -> Order:
    payment: SignedPayment = changes.pop("payment", UPTO)
    made = Order(
        payment_key="upto:1",
        resource=f"/v1/{tier.label}/models/iris/infer",
        body=json.dumps({"input": content or IRIS_INPUT}).encode(),
        model="iris",
        model_id=MODEL_ID,
        tier=tier,
        asset=ZERO_ADDRESS,
        payer=ZERO_ADDRESS,
        payment=payment,
        max_amount_base_units=10 * PRICE,
        deadline_s=0,
    )
    return dataclasses.replace(made, **changes)


async def test_an_order_gives_what_is_stored(model: ServedModel, database: Database) -> None:
    with running(database, model) as desk:
        computed = await runner(model, desk).run(order(Tier.SIGNED))
    output = list(model.network.run(IRIS_INPUT))
    assert json.loads(computed.response) == {"output": output, "label": "setosa", "tier": "signed"}
    assert computed.request_hash == json_commitment({"input": IRIS_INPUT, "model": "0x" + MODEL_ID.hex()})
    assert computed.response_hash == json_commitment({"output": output})
    assert computed.amount_base_units == PRICE
    assert computed.proof is None


async def test_each_row_is_run_and_charged(model: ServedModel, database: Database) -> None:
    rows = [IRIS_INPUT, VIRGINICA_CM, IRIS_INPUT]
    wanted = order(Tier.SIGNED, rows)
    with running(database, model) as desk:
        computed = await runner(model, desk).run(wanted)
        single = await runner(model, desk).run(order(Tier.SIGNED, [VIRGINICA_CM]))
    outputs = [list(model.network.run(row)) for row in rows]
    shown = json.loads(computed.response)
    assert shown["output"] == outputs
    assert shown["label"] == ["setosa", "virginica", "setosa"]
    assert computed.amount_base_units == 3 * PRICE
    assert computed.request_hash == json_commitment({"input": rows, "model": "0x" + MODEL_ID.hex()})
    assert computed.response_hash == json_commitment({"output": outputs})
    assert json.loads(single.response)["label"] == ["virginica"]
    request = parse_inference_body(wanted.body, model.package)
    assert amount_base_units(model, Tier.SIGNED, request) == 3 * PRICE


async def test_exact_collects_what_was_signed(model: ServedModel, database: Database) -> None:
    exact = ExactPayment(0, 2**40, bytes(32), bytes(65))
    with running(database, model) as desk:
        computed = await runner(model, desk).run(order(Tier.SIGNED, payment=exact))
    assert computed.amount_base_units == 10 * PRICE


async def test_a_proof_of_several_rows_is_refused(model: ServedModel, database: Database) -> None:
    with running(database, model) as desk, pytest.raises(RequestRefusedError, match="one inference"):
        await runner(model, desk).run(order(Tier.ZKML, [IRIS_INPUT]))


@pytest.mark.parametrize("changes", [{"model": "tulip"}, {"model_id": bytes(32)}])
async def test_a_model_that_is_no_longer_served_is_told(
    model: ServedModel, database: Database, changes: dict[str, Any]
) -> None:
    with running(database, model) as desk, pytest.raises(RequestRefusedError, match="no longer served"):
        await runner(model, desk).run(order(**changes))


async def test_a_restart_gives_the_same_proof(model: ServedModel, database: Database) -> None:
    with running(database, model) as desk:
        first = await runner(model, desk).run(order())
    with running(database, model) as desk:
        second = await runner(model, desk).run(order())
        other = await runner(model, desk).run(order(payment_key="upto:2"))
    assert first.proof is not None
    assert first.proof == second.proof
    assert first.proof != other.proof
    assert first.request_hash == other.request_hash
    assert json.loads(first.response)["tier"] == "zkml"


async def test_a_proved_output_that_is_not_the_models_is_withheld(
    model: ServedModel, database: Database
) -> None:
    strict = dataclasses.replace(model, package=dataclasses.replace(model.package, max_error=1e-9))
    with running(database, model) as desk, pytest.raises(OutputMismatchError):
        await runner(strict, desk).run(order())


async def test_the_event_loop_goes_on_while_a_proof_is_made(model: ServedModel, database: Database) -> None:
    with running(database, model) as desk:
        proving = asyncio.create_task(runner(model, desk).run(order()))
        longest_s, last = 0.0, time.monotonic()
        while not proving.done():
            await asyncio.sleep(0.01)
            longest_s, last = max(longest_s, time.monotonic() - last), time.monotonic()
        assert (await proving).proof is not None
    assert longest_s < 0.2


async def test_a_proof_that_takes_too_long_is_given_up(model: ServedModel, database: Database) -> None:
    with running(database, model, timeout_s=0.01) as desk, pytest.raises(EzklTimeoutError):
        await runner(model, desk).run(order())


async def test_a_proof_that_would_come_too_late_is_not_made(model: ServedModel, database: Database) -> None:
    with running(database, model) as desk, pytest.raises(ProofLateError):
        await runner(model, desk).run(order(deadline_s=int(time.time()) - 1))


async def test_a_proof_that_runs_when_the_service_stops_is_given_up(
    model: ServedModel, database: Database
) -> None:
    with running(database, model) as desk:
        proving = asyncio.create_task(runner(model, desk).run(order()))
        await asyncio.to_thread(wait_for_child)
        await asyncio.to_thread(desk.close)
        with pytest.raises(ShuttingDownError, match="this payment was not used"):
            await proving


async def test_a_proof_goes_on_when_nobody_waits_any_more(model: ServedModel, database: Database) -> None:
    with running(database, model) as desk:
        proving = asyncio.create_task(runner(model, desk).run(order()))
        await asyncio.to_thread(wait_for_child)
        proving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await proving
        assert (await runner(model, desk).run(order())).proof is not None
        assert desk.figures().done == 1


def test_a_circuit_too_large_for_the_machine_is_refused(
    model: ServedModel, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("prover.workers.opening.ProofPool", lambda workers: ProofPool(memory_bytes=1))
    with pytest.raises(ProofTooLargeError, match="free memory and start again"):
        open_desk(database, [model.circuit], DeskLimits(timeout_s=1.0))


def test_an_incomplete_cluster_is_told_at_the_start(
    model: ServedModel, database: Database, tmp_path: Path
) -> None:
    incomplete = ClusterSettings("tls://127.0.0.1:8786", ca_file=tmp_path / "ca.pem")
    with pytest.raises(ClusterFilesError, match="a file is missing"):
        open_desk(database, [model.circuit], DeskLimits(timeout_s=1.0), incomplete)
