"""Requires NatSpec on everything of contracts/ that others can see.

Contracts, structs, enums, events, errors, public state variables and external functions need `@notice`,
events and functions also `@param` for every named argument, functions `@return` for every value.
`@inheritdoc` stands for all of them: the compiler refuses it where the base has no such item, and the base is
checked here itself.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

from solidity_ast import ROOT, Node, SourceError, parse

VISIBLE = {"external", "public"}
CALLED = {"function", "receive", "fallback"}
"""Kinds of functions that somebody can call; a constructor is none of them."""


def items(node: Node, owner: str = "") -> Iterator[tuple[str, Node]]:
    """Everything below `node` that needs NatSpec, with its full name."""
    for child in node["nodes"]:
        name = owner + (child.get("name") or child.get("kind", ""))
        if child["nodeType"] == "ContractDefinition":
            yield name, child
            yield from items(child, f"{name}.")
        elif is_visible(child, inside=node.get("contractKind")):
            yield name, child


def is_visible(node: Node, inside: str | None) -> bool:
    """Whether others see this definition; a struct or enum inside of a contract is the contract's own."""
    match node["nodeType"]:
        case "EventDefinition" | "ErrorDefinition":
            return True
        case "StructDefinition" | "EnumDefinition":
            return inside != "contract"
        case "VariableDeclaration":
            return node["visibility"] in VISIBLE
        case "FunctionDefinition":
            return node["kind"] in CALLED and node["visibility"] in VISIBLE
    return False


def missing(node: Node) -> Iterator[str]:
    """The tags that the NatSpec of `node` lacks."""
    text = (node.get("documentation") or {}).get("text", "")
    tags = re.findall(r"@(\w+)(?:[ \t]+(\S+))?", text)
    if any(tag == "inheritdoc" for tag, _ in tags):
        return
    if ("notice" not in {tag for tag, _ in tags}) and not is_plain(text):
        yield "@notice"
    if node["nodeType"] not in {"EventDefinition", "FunctionDefinition"}:
        return
    described = {name for tag, name in tags if tag == "param"}
    for parameter in node["parameters"]["parameters"]:
        if parameter["name"] and parameter["name"] not in described:
            yield f"@param {parameter['name']}"
    values = node.get("returnParameters", {"parameters": []})["parameters"]
    for value in values[sum(tag == "return" for tag, _ in tags) :]:
        yield f"@return {value['name']}".rstrip()


def is_plain(text: str) -> bool:
    """Text without a tag in front is a notice, too."""
    return bool(text.strip()) and not text.strip().startswith("@")


def main() -> int:
    """Prints what lacks NatSpec; the exit code is 1 when something does."""
    try:
        trees = parse(sorted((ROOT / "contracts").rglob("*.sol")))
    except (SourceError, OSError, subprocess.CalledProcessError) as error:
        print(f"NatSpec cannot be checked: {error}", file=sys.stderr)
        return 1
    seen = [(path, name, list(missing(node))) for path, tree in trees.items() for name, node in items(tree)]
    bare = [(path, name, tags) for path, name, tags in seen if tags]
    for path, name, tags in bare:
        print(f"{path}: {name} lacks {', '.join(tags)}", file=sys.stderr)
    if bare:
        print(f"fix: write the NatSpec of {len(bare)} of {len(seen)} items", file=sys.stderr)
        return 1
    print(f"NatSpec is complete: {len(seen)} items")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
