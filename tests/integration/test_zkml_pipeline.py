"""The iris model from its package to proofs, with the real ezkl and solc."""

from __future__ import annotations

import dataclasses
import sys
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import msgspec
import pytest

from prover.errors import (
    CorruptSrsError,
    EzklFailedError,
    EzklTimeoutError,
    InputCountError,
    InputRangeError,
    InputValueError,
    PackageError,
)
from prover.onnx_model import OnnxModel
from prover.zkml.circuit import Circuit, prepare_circuit
from prover.zkml.ezkl_process import Stage, run_ezkl
from prover.zkml.package import ModelPackage
from prover.zkml.prove import prove, require_close
from prover.zkml.verifier_source import require_guard
from veritally.commitments import FIELD_MODULUS

PACKAGE = ModelPackage.load(Path(__file__).resolve().parents[2] / "prover" / "models" / "iris")
SETOSA_CM = (5.1, 3.5, 1.4, 0.2)
SIX_STEPS = ["network", "settings", "compiled model", "proving key", "verifier source", "verifier bytecode"]
PROOF_TIMEOUT_S = 120.0
TIE = 1 / 2**15
"""Half of the smallest step of the circuit's scale."""


class Told(list[str]):
    """Collects what was done, without the times."""

    def __call__(self, line: str) -> None:
        self.append(line.removeprefix("circuit iris: ").split(" … ")[0])


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def first_time() -> Told:
    return Told()


@pytest.fixture(scope="module")
def circuit(cache_dir: Path, first_time: Told) -> Circuit:
    return prepare_circuit(PACKAGE, cache_dir, first_time)


def test_circuit_is_the_packages(circuit: Circuit, first_time: Told) -> None:
    assert first_time == ["development SRS", *SIX_STEPS]
    assert (circuit.inputs, circuit.outputs) == (4, 3)
    assert circuit.input_scale == circuit.output_scale == PACKAGE.knobs.scale
    assert circuit.num_rows < 2**circuit.logrows
    assert circuit.development_srs
    assert circuit.paths.srs.parent.name == "srs-development"
    require_guard((circuit.paths.settings.parent / "verifier.sol").read_text())


def test_second_time_comes_from_the_cache(
    circuit: Circuit, cache_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "no such program")  # no child can start
    told = Told()
    assert prepare_circuit(PACKAGE, cache_dir, told) == circuit
    assert told == []


def test_damaged_proving_key_is_made_again(circuit: Circuit, cache_dir: Path) -> None:
    content = circuit.paths.proving_key.read_bytes()
    circuit.paths.proving_key.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    told = Told()
    assert prepare_circuit(PACKAGE, cache_dir, told) == circuit
    assert told == ["proving key"]
    assert circuit.paths.proving_key.read_bytes() == content


def test_other_knobs_are_another_circuit(circuit: Circuit, cache_dir: Path) -> None:
    coarse = dataclasses.replace(PACKAGE, circuits=(msgspec.structs.replace(PACKAGE.knobs, scale=7),))
    told = Told()
    other = prepare_circuit(coarse, cache_dir, told)
    assert told == SIX_STEPS
    assert other.input_scale == 7
    assert other.vk_sha256 != circuit.vk_sha256


def test_package_that_describes_another_network_is_refused(cache_dir: Path) -> None:
    with pytest.raises(PackageError, match=r"\[4, 3\] values, expected \[4, 2\]"):
        prepare_circuit(dataclasses.replace(PACKAGE, labels=("a", "b")), cache_dir, Told())


def test_changed_srs_is_refused_and_kept(tmp_path: Path, circuit: Circuit) -> None:
    folder = tmp_path / "srs-development"
    folder.mkdir()
    for file in circuit.paths.srs.parent.glob("development-only-*"):
        (folder / file.name).write_bytes(file.read_bytes())
    changed = folder / circuit.paths.srs.name
    changed.write_bytes(b"changed")
    with pytest.raises(CorruptSrsError, match="has changed; restore it"):
        prepare_circuit(PACKAGE, tmp_path, Told())
    assert changed.read_bytes() == b"changed"


LOWEST, HIGHEST = PACKAGE.input_range
CORNERS = [(HIGHEST,) * 4, (LOWEST, LOWEST, HIGHEST, HIGHEST), (HIGHEST, HIGHEST, LOWEST, LOWEST)]


@pytest.mark.parametrize(
    "inputs", [SETOSA_CM, (7.0, 3.2, 4.7, 1.4), (6.3, 3.3, 6.0, 2.5), (LOWEST,) * 4, *CORNERS]
)
def test_proved_outputs_are_the_models(circuit: Circuit, inputs: tuple[float, ...]) -> None:
    made = prove(circuit, inputs, PROOF_TIMEOUT_S)
    require_close(PACKAGE.name, made.outputs, OnnxModel(PACKAGE).run(inputs), PACKAGE.max_error)
    assert made.instances == made.input_words + made.output_words


def test_input_words_are_rounded_half_away_from_zero(circuit: Circuit) -> None:
    inputs = (5.1, -3 * TIE, 0.3 + TIE, -0.7)
    words = prove(circuit, inputs, PROOF_TIMEOUT_S).input_words
    exact = [Decimal(value) * 2**circuit.input_scale for value in inputs]
    assert list(words) == [int(value.to_integral_value(ROUND_HALF_UP)) % FIELD_MODULUS for value in exact]


def test_proofs_of_one_statement_differ(circuit: Circuit) -> None:
    one, two = (prove(circuit, SETOSA_CM, PROOF_TIMEOUT_S) for _ in range(2))
    assert one.proof != two.proof
    assert one.instances == two.instances


def test_proof_that_does_not_verify_is_never_returned(circuit: Circuit, tmp_path: Path) -> None:
    other = tmp_path / "other.srs"
    run_ezkl(Stage.DEVELOPMENT_SRS, {"output": str(other), "logrows": circuit.logrows}, 120)
    mixed = dataclasses.replace(circuit, paths=dataclasses.replace(circuit.paths, srs=other))
    with pytest.raises(EzklFailedError, match=r"verify"):
        prove(mixed, SETOSA_CM, PROOF_TIMEOUT_S)


@pytest.mark.parametrize("inputs", [SETOSA_CM[:3], (*SETOSA_CM, 1.0), ()])
def test_wrong_number_of_inputs_is_refused(circuit: Circuit, inputs: tuple[float, ...]) -> None:
    with pytest.raises(InputCountError, match=f"takes 4 input values, got {len(inputs)}"):
        prove(circuit, inputs, PROOF_TIMEOUT_S)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_input_that_is_not_finite_is_refused(circuit: Circuit, value: float) -> None:
    with pytest.raises(InputValueError, match="input value 3"):
        prove(circuit, (*SETOSA_CM[:3], value), PROOF_TIMEOUT_S)


def test_input_outside_the_circuits_range_is_the_clients_error(circuit: Circuit) -> None:
    with pytest.raises(InputRangeError, match=r"model iris cannot be proved .* too large"):
        prove(circuit, (1e9, 1, 1, 1), PROOF_TIMEOUT_S)


def test_proof_that_takes_too_long_is_killed(circuit: Circuit) -> None:
    with pytest.raises(EzklTimeoutError, match=r"'prove' was killed after 0\.01 s"):
        prove(circuit, SETOSA_CM, 0.01)
