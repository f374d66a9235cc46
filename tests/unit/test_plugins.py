from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from veritally.errors import CommandMissingError
from veritally.plugins import load_group

ROOT = Path(__file__).resolve().parents[2]


def install(folder: Path, target: str) -> None:
    """Puts a distribution with one group of commands into `folder`."""
    info = folder / "brings_a_group-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: brings-a-group\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[veritally.commands]\ngrouped = {target}\n")


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
