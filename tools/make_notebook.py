"""Writes examples/notebook/recompute.ipynb from recompute.py beside it: `make_notebook.py [--check]`.

A notebook is JSON: its cells are those of the program, and under them stands what they print when they run on
the export of a small synthetic world.
"""

from __future__ import annotations

import ast
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import chdir, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generated_files import write_or_check
from world import DATABASE, build
from world_scenario import Scenario

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "examples" / "notebook" / "recompute.py"
NOTEBOOK = PROGRAM.with_suffix(".ipynb")
LAKE = "lake"
_FOLDER = ROOT / ".build" / "notebook"
_SCENARIO = Scenario(inferences=20_000)
_MARKER, _MARKDOWN = "# %%", " [markdown]"
_MOST_LINES = 60
"""Longer outputs are cut where they are stored; who runs the cell sees all."""


@dataclass(frozen=True)
class Cell:
    """A part of the program, without its marker."""

    source: str
    is_code: bool


ARGUMENTS = Cell(
    "# In place of a command line: where the export is, as a path from this notebook's folder.\n"
    "import sys\n\n"
    f'sys.argv = ["{PROGRAM.name}", "{LAKE}"]',
    is_code=True,
)


def cells() -> list[Cell]:
    """Those of the program, and before the first of them that runs, what stands on its command line."""
    found = list(_cells_of(PROGRAM.read_text(encoding="utf-8")))
    first = next(place for place, cell in enumerate(found) if cell.is_code)
    return [*found[:first], ARGUMENTS, *found[first:]]


def _cells_of(program: str) -> Iterator[Cell]:
    """What stands before the first marker is for the program alone."""
    for part in f"\n{program}".split(f"\n{_MARKER}")[1:]:
        kind, _, source = part.partition("\n")
        if kind == _MARKDOWN:
            lines = (line.removeprefix("#").removeprefix(" ") for line in source.strip().splitlines())
            yield Cell("\n".join(lines), is_code=False)
        else:
            yield Cell(_with_comments(source.strip()), is_code=True)


def _with_comments(source: str) -> str:
    """Texts behind constants become comments: a text at the end of a cell, Jupyter would print."""
    lines = source.splitlines()
    for part in reversed(ast.parse(source).body):
        match part:
            case ast.Expr(value=ast.Constant(value=str(text))):
                lines[part.lineno - 1 : part.end_lineno] = [f"# {line}" for line in text.splitlines()]
    return "\n".join(lines)


def run(sources: list[str], folder: Path) -> tuple[list[str], dict[str, Any]]:
    """Runs cells one after the other in a folder, as Jupyter does: what each prints, and their variables."""
    variables: dict[str, Any] = {"__name__": "__main__"}
    arguments, printed = sys.argv, []
    try:
        with chdir(folder):
            for number, source in enumerate(sources):
                with redirect_stdout(io.StringIO()) as output:
                    exec(compile(source, f"cell {number}", "exec", dont_inherit=True), variables)
                printed.append(output.getvalue())
    finally:
        sys.argv = arguments
    return printed, variables


def notebook(found: list[Cell], printed: list[str]) -> str:
    """The file's text; `printed` has one entry for each cell of code."""
    outputs = iter(enumerate(printed, 1))
    written = [
        _code(number, cell, *next(outputs)) if cell.is_code else _cell("markdown", number, cell)
        for number, cell in enumerate(found, 1)
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    document = {"cells": written, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, number: int, cell: Cell) -> dict[str, Any]:
    source = cell.source.splitlines(keepends=True)
    return {"cell_type": kind, "id": f"cell-{number}", "metadata": {}, "source": source}


def _code(number: int, cell: Cell, count: int, printed: str) -> dict[str, Any]:
    lines = printed.splitlines(keepends=True)
    if len(lines) > _MOST_LINES:
        left_out = len(lines) - _MOST_LINES
        lines = [*lines[:_MOST_LINES], f"... and {left_out} more lines: run the cell to see them\n"]
    outputs = [{"name": "stdout", "output_type": "stream", "text": lines}] if lines else []
    return _cell("code", number, cell) | {"execution_count": count, "outputs": outputs}


def _exported() -> Path:
    """The folder that the synthetic world was exported to."""
    build(_FOLDER, _SCENARIO)
    shutil.rmtree(_FOLDER / LAKE, ignore_errors=True)
    command = (sys.executable, "-m", "indexer", "export", "--to", LAKE)
    subprocess.run([*command, "--database-url", f"sqlite:///{DATABASE}"], cwd=_FOLDER, check=True)
    return _FOLDER


def main() -> int:
    """Writes the notebook or checks it."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    found = cells()
    printed, _ = run([cell.source for cell in found if cell.is_code], _exported())
    return write_or_check({NOTEBOOK: notebook(found, printed)})


if __name__ == "__main__":
    sys.exit(main())
