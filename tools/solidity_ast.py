"""Syntax trees of Solidity files, as the project's compiler writes them."""

from __future__ import annotations

import json
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOLC = ROOT / "tools" / "solc"
REMAPPINGS = tomllib.loads((ROOT / "foundry.toml").read_text())["profile"]["default"]["remappings"]

Node = dict[str, Any]
"""A node of a syntax tree."""


class SourceError(Exception):
    """The sources cannot be read by the compiler; the message is the compiler's."""


def parse(paths: list[Path]) -> dict[str, Node]:
    """Syntax trees of the files by path relative to the repository; no code is generated.

    Raises:
        SourceError: the compiler finds a fault.
    """
    request = {
        "language": "Solidity",
        "sources": {
            str(path.relative_to(ROOT)): {"content": path.read_text(encoding="utf-8")} for path in paths
        },
        "settings": {"remappings": REMAPPINGS, "outputSelection": {"*": {"": ["ast"]}}},
    }
    result = subprocess.run(
        [SOLC, "--standard-json", "--base-path", ROOT],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )
    answer = json.loads(result.stdout)
    faults = [error["formattedMessage"] for error in answer.get("errors", []) if error["severity"] == "error"]
    if faults:
        raise SourceError("\n".join(faults))
    return {path: answer["sources"][path]["ast"] for path in request["sources"]}


def walk(node: Node) -> Iterator[Node]:
    """`node` and every node below it, in the order of the tree."""
    yield node
    for value in node.values():
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, dict) and "nodeType" in child:
                yield from walk(child)
