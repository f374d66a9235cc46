"""`build`: what it does when something goes wrong on the way to a package."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from prover.errors import VerifierTooLargeError
from prover.zkml import build as build_module
from prover.zkml.archive import package_folder
from prover.zkml.build import BuildRequest, Built, build
from prover.zkml.built_package import write_archived, write_package
from prover.zkml.circuit import Circuit
from prover.zkml.errors import BatchUnavailableError, NoCircuitError, SrsFileError
from prover.zkml.frontier import Option, Preference
from prover.zkml.network import Network
from prover.zkml.sample import read_sample

ROOT = Path(__file__).resolve().parents[2]
IRIS = ROOT / "prover" / "models" / "iris" / "network.onnx"
FLOWERS_CM = (5.1, 3.5, 1.4, 0.2, 6.3, 3.3, 6.0, 2.5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("build")
    (path / "sample.json").write_text(json.dumps({"input_data": [FLOWERS_CM]}))
    return path


def request(folder: Path, **fields: object) -> BuildRequest:
    made = BuildRequest(
        IRIS, folder / "sample.json", "iris", "1.0.0", Preference.GAS, None, None, batch_sizes=(1,)
    )
    return dataclasses.replace(made, **fields)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def built(folder: Path) -> Built:
    """Interrupted after the first setup, and then finished."""

    def interrupt(line: str) -> None:
        if "proving key" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(request(folder), folder / "cache", interrupt)
    told: list[str] = []
    result = build(request(folder), folder / "cache", told.append)
    (folder / "told").write_text("\n".join(told))
    return result


def test_interrupted_build_goes_on_where_it_stopped(folder: Path, built: Built) -> None:
    told = (folder / "told").read_text()
    assert told.count("verifier source") == len(built.options)
    assert told.count("proving key") == len(built.options) - 1


def test_folder_and_archive_have_the_same_id_and_files(built: Built, tmp_path: Path) -> None:
    package = write_package(built, tmp_path)
    archive = write_archived(built, tmp_path)
    assert archive.name == f"{package.name}.tar"
    with package_folder(archive) as unpacked:
        names = sorted(path.relative_to(unpacked) for path in unpacked.rglob("*") if path.is_file())
        assert names == sorted(
            path.relative_to(package.path) for path in package.path.rglob("*") if path.is_file()
        )
        for name in names:
            assert (unpacked / name).read_bytes() == (package.path / name).read_bytes()


def test_srs_with_too_few_rows_is_refused(folder: Path, built: Built) -> None:
    smallest = min(option.circuit.logrows for option in built.options)
    path = folder / "small.srs"
    logrows = smallest - 1
    path.write_bytes(logrows.to_bytes(4, "little") + bytes(256 + 2 ** (logrows + 7)))
    with pytest.raises(SrsFileError, match=rf"it is for 2\^{logrows} rows, the circuit has"):
        build(request(folder, srs=path), folder / "cache", lambda _: None)


def chosen_after(folder: Path, *options: Option, **changes: object) -> tuple[Option, list[str]]:
    network = Network.load(IRIS)
    sample = read_sample(folder / "sample.json", 4)
    told: list[str] = []
    chosen, _ = build_module._choose_checked(
        network, sample, network.run(sample), options, request(folder, **changes), told.append
    )
    return chosen, told


def too_narrow(option: Option) -> Option:
    """A circuit that seems cheaper, whose range checks have no room for the sample."""
    knobs = msgspec.structs.replace(option.candidate.knobs, decomp_base=128, decomp_legs=1)
    cheaper = dataclasses.replace(option.circuit, predicted_verify_gas=1)
    return Option(dataclasses.replace(option.candidate, knobs=knobs), cheaper)


def test_circuit_that_the_sample_does_not_satisfy_is_passed_over(folder: Path, built: Built) -> None:
    chosen, told = chosen_after(folder, too_narrow(built.chosen), built.chosen)
    assert chosen == built.chosen
    assert "does not satisfy the circuit" in told[0]


def test_build_ends_when_the_sample_satisfies_no_circuit(folder: Path, built: Built) -> None:
    with pytest.raises(NoCircuitError, match="give a sample of inputs that occur"):
        chosen_after(folder, too_narrow(built.chosen))


def test_circuit_that_is_not_accurate_after_all_is_refused(folder: Path, built: Built) -> None:
    with pytest.raises(NoCircuitError, match="more than the 1e-09 that is accepted"):
        chosen_after(folder, built.chosen, max_error=1e-9)


def refusing(columns: int) -> Callable[..., Circuit]:
    """`prepare_circuit`, of which verifiers with so many columns or more come out too large."""
    real = build_module.prepare_circuit

    def prepare(package: object, *arguments: object) -> Circuit:
        if package.knobs.num_inner_cols >= columns:  # type: ignore[attr-defined]
            raise VerifierTooLargeError(24_577, 24_576)
        return real(package, *arguments)  # type: ignore[arg-type]

    return prepare


def test_verifier_that_is_too_large_is_left_out(
    folder: Path, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build_module, "prepare_circuit", refusing(2))
    found = build(request(folder), folder / "cache", lambda _: None)
    assert 0 < len(found.options) < len(built.options)
    monkeypatch.setattr(build_module, "prepare_circuit", refusing(1))
    with pytest.raises(NoCircuitError, match="24577 bytes, the EVM allows 24576"):
        build(request(folder), folder / "cache", lambda _: None)


def test_batches_are_left_out_unless_asked_for(folder: Path, built: Built) -> None:
    logrows = max(option.circuit.logrows for option in built.options)
    srs = folder / "cache" / "srs-development" / f"development-only-k{logrows}.srs"
    told: list[str] = []
    found = build(request(folder, srs=srs, batch_sizes=None), folder / "cache", told.append)
    assert [knobs.batch_size for knobs in found.package.circuits] == [1]
    (line,) = [line for line in told if line.startswith("batch size 16 is left out")]
    assert f"it is for 2^{logrows} rows" in line
    with pytest.raises(BatchUnavailableError, match=r"no circuit for 16 inferences: .* --batch-sizes"):
        build(request(folder, srs=srs, batch_sizes=(1, 16)), folder / "cache", lambda _: None)
