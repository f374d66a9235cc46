"""`veritally receipt check` against a running prover, a chain, and answers that were changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from prover_service import IRIS_INPUT, RunningService, run_service
from restoring import restored
from typer.testing import CliRunner, Result

from prover.settings import MODELS_DIRECTORY
from prover.zkml.package import ModelPackage
from veritally.cli import app
from veritally.devnet import Devnet
from veritally.errors import AnswerFileError, ReceiptMismatchError

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def service(devnet: Devnet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with restored(devnet), run_service(devnet, tmp_path_factory.mktemp("prover")) as running:
        yield running


@pytest.fixture
async def answers(service: RunningService, devnet: Devnet) -> dict[str, Any]:
    """One answer per tier."""
    async with service.paying(devnet.accounts.payers[0]) as http:
        return {
            tier: (await http.post(service.infer_url(tier), json={"input": IRIS_INPUT})).json()
            for tier in ("signed", "zkml")
        }


def iris_id(devnet: Devnet) -> str:
    registry = devnet.chain.contract("ModelRegistry", devnet.deployment.model_registry)
    weights_hash = ModelPackage.load(MODELS_DIRECTORY / "iris").weights_hash
    wanted = registry.functions.modelIdOf(devnet.accounts.prover.address, weights_hash)
    return "0x" + bytes(devnet.chain.read(wanted)).hex()


def check(
    devnet: Devnet, folder: Path, answer: Any, inputs: Any = IRIS_INPUT, model: str | None = None
) -> BaseException | None:
    """The error that the command ends with."""
    return run_check(devnet, folder, answer, inputs, model).exception


def run_check(devnet: Devnet, folder: Path, answer: Any, inputs: Any, model: str | None) -> Result:
    devnet.deployment.save(folder / "deployment.json")
    (folder / "answer.json").write_text(answer if isinstance(answer, str) else json.dumps(answer))
    (folder / "request.json").write_text(json.dumps({"input": inputs}))
    arguments = ["receipt", "check", str(folder / "answer.json"), "--request", str(folder / "request.json")]
    arguments += ["--rpc-url", devnet.rpc_url, "--deployment", str(folder / "deployment.json")]
    return CliRunner().invoke(app, [*arguments, "--model", model or iris_id(devnet)])


def change_instance(index: int) -> Change:
    def change(answer: dict[str, Any]) -> None:
        words = answer["evidence"]["instances"]
        words[index] = f"0x{int(words[index], 16) + 1:064x}"

    return change


def set_output(answer: dict[str, Any]) -> None:
    answer["output"][0] += 0.25


def set_amount(answer: dict[str, Any]) -> None:
    answer["receipt"]["amount"] = "1"


def set_request_hash(answer: dict[str, Any]) -> None:
    answer["receipt"]["request_hash"] = "0x" + "11" * 32


CHANGES: list[tuple[str, Change, str]] = [
    ("zkml", change_instance(0), "input words"),
    ("zkml", change_instance(-1), "response hash"),
    ("zkml", set_output, "proof: output"),
    ("signed", set_output, "response hash"),
    ("signed", set_amount, "not settled"),
    ("signed", set_request_hash, "request hash"),
]


async def test_answers_are_checked(devnet: Devnet, tmp_path: Path, answers: dict[str, Any]) -> None:
    for answer in answers.values():
        assert check(devnet, tmp_path, answer) is None
        assert isinstance(check(devnet, tmp_path, answer, [5.2, 3.5, 1.4, 0.2]), ReceiptMismatchError)
    for tier, change, problem in CHANGES:
        changed = json.loads(json.dumps(answers[tier]))
        change(changed)
        error = check(devnet, tmp_path, changed)
        assert isinstance(error, ReceiptMismatchError)
        assert problem in str(error)
    other = check(devnet, tmp_path, answers["zkml"], model="0x" + "22" * 32)
    assert isinstance(other, ReceiptMismatchError)
    assert "receipt: model is" in str(other)
    shown = run_check(devnet, tmp_path, answers["zkml"], IRIS_INPUT, None).output
    assert "settlement: labels development" in shown
    unknown = json.loads(json.dumps(answers["zkml"]))
    unknown["evidence"]["circuit"] = 99
    assert "has no circuit 99" in str(check(devnet, tmp_path, unknown))
    claimed = json.loads(json.dumps(answers["signed"])) | {"tier": "tee"}
    assert "settlement: tier is signed, not tee" in str(check(devnet, tmp_path, claimed))


STRANGE: list[tuple[str, Any]] = [
    *((field, value) for field in ("evidence", "receipt", "settlement") for value in (None, [])),
    *(("evidence", value) for value in ({"circuit": -1}, {"circuit": "a"}, {"proof": None})),
]


@pytest.mark.parametrize(("field", "value"), STRANGE)
async def test_answer_with_something_else_inside_is_told(
    devnet: Devnet, tmp_path: Path, answers: dict[str, Any], field: str, value: Any
) -> None:
    changed = answers["zkml"] | {field: answers["zkml"][field] | value if value else value}
    assert isinstance(check(devnet, tmp_path, changed), AnswerFileError)


@pytest.mark.parametrize("inputs", [["a"], [None], [True], "5.1"])
async def test_request_of_something_else_is_told(
    devnet: Devnet, tmp_path: Path, answers: dict[str, Any], inputs: Any
) -> None:
    assert isinstance(check(devnet, tmp_path, answers["zkml"], inputs), AnswerFileError)


@pytest.mark.parametrize("answer", ["{", "[]", "{}", '{"receipt": 1, "evidence": {}}'])
def test_unusable_answer_is_told(devnet: Devnet, tmp_path: Path, answer: str) -> None:
    assert isinstance(check(devnet, tmp_path, answer), AnswerFileError)
