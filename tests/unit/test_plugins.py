from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from prover.zkml.commitment import commit_words
from veritally.errors import CommandMissingError, CommitmentUnavailableError
from veritally.plugins import COMMITMENTS, GROUP, load_commitment, load_group
from veritally.receipt_check import POLYCOMMIT

ROOT = Path(__file__).resolve().parents[2]


def install(folder: Path, target: str) -> None:
    """Puts a distribution with one group of commands and one commitment into `folder`."""
    info = folder / "brings_a_group-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brings-a-group\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        f"[veritally.commands]\ngrouped = {target}\n[veritally.commitments]\nkind = {target}\n"
    )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_group_of_an_installed_package_is_found(site: Path) -> None:
    install(site, "prover.model_cli:model")
    commands = [command.name for command in load_group("grouped").registered_commands]
    assert "build" in commands


def test_missing_group_is_told() -> None:
    with pytest.raises(CommandMissingError, match="no installed package brings it; it comes with the prover"):
        load_group("grouped")


@pytest.mark.parametrize(
    ("target", "problem"),
    [("no_such_module:model", "No module named"), ("prover.model_cli:Path", "no group of commands")],
)
def test_group_that_cannot_be_loaded_is_told(site: Path, target: str, problem: str) -> None:
    install(site, target)
    with pytest.raises(CommandMissingError, match=problem):
        load_group("grouped")


def test_commitment_of_an_installed_package_is_found(site: Path) -> None:
    install(site, "prover.zkml.commitment:commit_words")
    assert load_commitment("kind") is commit_words


def test_missing_commitment_is_told() -> None:
    with pytest.raises(CommitmentUnavailableError, match=r"no installed package computes .* with the prover"):
        load_commitment("kind")


@pytest.mark.parametrize("target", ["no_such_module:commit", "prover.zkml.commitment:no_such_function"])
def test_commitment_that_cannot_be_loaded_is_told(site: Path, target: str) -> None:
    install(site, target)
    with pytest.raises(CommitmentUnavailableError, match="is broken"):
        load_commitment("kind")


def test_names_are_those_of_pyproject() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    assert declared[COMMITMENTS] == {POLYCOMMIT: "prover.zkml.commitment:commit_words"}
    assert declared[GROUP] == {"model": "prover.model_cli:model"}


def test_program_without_the_prover_says_so(tmp_path: Path) -> None:
    script = (
        "import sys, veritally.plugins as plugins; plugins.GROUP = 'none'\n"
        "from veritally.cli import main; main(['model', 'build', 'a.onnx', '--sample', 'b.json'])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("veritally: `veritally model` is not available")
