"""The notebook for Jupyter: valid, the cells of the program beside it, and they run as cells."""

from __future__ import annotations

import ast
import runpy
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from indexed import indexer_of
from indexer_chain import serve
from make_notebook import ARGUMENTS, LAKE, NOTEBOOK, PROGRAM, cells, run
from market_chain import market_chain

from indexer.cli import main
from indexer.rpc import JsonRpc

MOST_BYTES = 50_000


@pytest.fixture(scope="module")
def stored() -> Any:
    return nbformat.read(NOTEBOOK, as_version=nbformat.NO_CONVERT)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds the export of twelve weeks."""
    folder, chain = tmp_path_factory.mktemp("notebook"), market_chain()
    with serve(chain) as url:
        indexer_of(chain, JsonRpc(url), folder / "market.db").sync_once()
    with pytest.raises(SystemExit) as end:
        main(("export", "--to", str(folder / LAKE), "--database-url", f"sqlite:///{folder}/market.db"))
    assert not end.value.code
    return folder


def test_file_is_a_small_notebook(stored: Any) -> None:
    nbformat.validate(stored)
    assert (stored.nbformat, stored.metadata.kernelspec.language) == (4, "python")
    assert NOTEBOOK.stat().st_size < MOST_BYTES


def test_cells_are_those_of_the_program(stored: Any) -> None:
    assert [(cell.source, cell.cell_type == "code") for cell in stored.cells] == [
        (cell.source, cell.is_code) for cell in cells()
    ], "the notebook is not what recompute.py says: make notebook"


def test_every_printing_cell_has_its_output(stored: Any) -> None:
    code = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert len(code) > 5
    for cell in code:
        printed = "".join(output.text for output in cell.outputs)
        assert bool(printed) == any(line.lstrip().startswith("print(") for line in cell.source.splitlines())


def test_no_cell_ends_in_a_value(stored: Any) -> None:
    """Jupyter would print it below what the cell prints itself."""
    for cell in stored.cells:
        if cell.cell_type == "code":
            last = ast.parse(cell.source).body[-1]
            assert not isinstance(last, ast.Expr) or ast.unparse(last).startswith("print("), cell.source


def test_cells_find_what_the_program_finds(
    stored: Any, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sources = [cell.source for cell in stored.cells if cell.cell_type == "code"]
    assert ARGUMENTS.source in sources
    printed, variables = run(sources, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", [PROGRAM.name, LAKE])
    capsys.readouterr()
    found = runpy.run_path(str(PROGRAM), run_name="__main__")
    assert capsys.readouterr().out == "".join(printed)
    assert variables["answers"].keys() == found["answers"].keys()
    assert len(found["answers"]) > 40
