from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from prover_service import cache_dir, service_settings

from prover.assembly import assemble
from prover.connection import connect
from prover.zkml import srs as srs_module
from prover.zkml.errors import DevelopmentSrsError, SrsFileError
from prover.zkml.package import ModelPackage
from prover.zkml.srs import development_srs
from veritally.devnet import Devnet


def iris_srs(folder: Path) -> Path:
    """The development SRS of the example model, as a file of its own."""
    model = ModelPackage.load(Path(srs_module.__file__).parents[1] / "models" / "iris")
    made = development_srs(cache_dir(), model.knobs.logrows, print)
    return Path(shutil.copy(made.path, folder / "given.srs"))


def test_service_proves_with_the_srs_that_it_is_given(devnet: Devnet, tmp_path: Path) -> None:
    given = iris_srs(tmp_path)
    settings = service_settings(devnet, tmp_path, srs=given)
    served = assemble(settings, connect(settings), progress=print).catalogue.models["iris"]
    assert served.circuit.paths.srs == given


def test_service_refuses_an_srs_that_is_none(devnet: Devnet, tmp_path: Path) -> None:
    given = iris_srs(tmp_path)
    given.write_bytes(given.read_bytes()[:-1])
    settings = service_settings(devnet, tmp_path, srs=given)
    with pytest.raises(SrsFileError, match="are no SRS"):
        assemble(settings, connect(settings), progress=print)


def test_service_refuses_a_development_srs_where_value_is_real(
    devnet: Devnet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(srs_module, "DEVELOPMENT_CHAIN_IDS", frozenset({1337}))
    settings = service_settings(devnet, tmp_path)
    block = devnet.chain.w3.eth.block_number
    with pytest.raises(DevelopmentSrsError):
        assemble(settings, connect(settings), progress=print)
    assert devnet.chain.w3.eth.block_number == block, "nothing was sent"
