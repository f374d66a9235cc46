from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from prover.errors import PackageError
from prover.offering import load_packages
from prover.settings import MODELS_DIRECTORY, ProverSettings
from prover.zkml.archive import write_archive

IRIS = MODELS_DIRECTORY / "iris"


def settings(tmp_path: Path, *models: Path) -> ProverSettings:
    return ProverSettings(
        rpc_url="http://127.0.0.1:1", deployment=tmp_path / "none.json", models=list(models)
    )


def test_archive_is_served_as_its_folder_would_be(tmp_path: Path) -> None:
    archive = tmp_path / "iris.tar"
    write_archive(IRIS, archive)
    (from_folder,) = load_packages(settings(tmp_path, IRIS))
    (from_archive,) = load_packages(settings(tmp_path, archive))
    assert from_archive.weights_hash == from_folder.weights_hash
    assert from_archive.circuits == from_folder.circuits


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(IRIS, tmp_path / "copy"))
    with pytest.raises(PackageError, match="another package is named iris, too"):
        load_packages(settings(tmp_path, IRIS, copy))
