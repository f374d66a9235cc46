from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from prover.cli import app
from prover.settings import ProverSettings

TEXT = (Path(__file__).parents[2] / "docs" / "prover.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]


def test_every_setting_is_documented_and_no_other() -> None:
    documented = re.findall(r"^\| `VERITALLY_PROVER_(\w+)` \|", TEXT, re.MULTILINE)
    assert documented == [name.upper() for name in ProverSettings.model_fields]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_documented_and_has_an_example(name: str) -> None:
    assert f"### `veritally-prover {name}`" in TEXT
    assert "Example:" in COMMANDS[name].help
