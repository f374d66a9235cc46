"""Mutants of Solidity sources: small changes of one expression or statement, found in the syntax tree.

Each operator makes the mistakes of one kind. Texts are bytes, because the compiler counts positions in bytes.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from solidity_ast import Node, walk

RELATIONAL = {
    "==": ["!="],
    "!=": ["=="],
    "<": ["<=", ">"],
    "<=": ["<", ">"],
    ">": [">=", "<"],
    ">=": [">", "<"],
}
ARITHMETIC = {
    "+": "-",
    "-": "+",
    "*": "/",
    "/": "*",
    "%": "*",
    "&": "|",
    "|": "&",
    "^": "|",
    "<<": ">>",
    ">>": "<<",
}
COMPOUND = {"+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "^=": "|="}
BOOLEAN = {"&&": "||", "||": "&&"}
YUL_RELATIONAL = {"lt": "gt", "gt": "lt", "eq": "xor"}
YUL_ARITHMETIC = {
    "add": "sub",
    "sub": "add",
    "and": "or",
    "or": "and",
    "xor": "or",
    "shl": "shr",
    "shr": "shl",
}


@dataclass(frozen=True)
class Mutant:
    """One change of one file."""

    path: str
    """Relative to the repository."""
    operator: str
    place: str
    """Name of the function, modifier or constant."""
    line: int
    start: int
    """First byte that is replaced."""
    before: bytes
    after: bytes

    def apply(self, source: bytes) -> bytes:
        """The file's content with the change made."""
        return source[: self.start] + self.after + source[self.start + len(self.before) :]

    @property
    def change(self) -> str:
        """What is changed, in one line and without its position."""
        before, after = (" ".join(text.decode().split()) for text in (self.before, self.after))
        return f"{before} => {after or 'nothing'}"

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.place}, {self.operator}: {self.change}"


@dataclass(frozen=True)
class Source:
    """A file and the changes that its syntax tree allows."""

    path: str
    content: bytes
    tree: Node

    def mutants(self) -> Iterator[Mutant]:
        """All mutants of the code: of functions, modifiers and constants, not of types and declarations."""
        for node in walk(self.tree):
            if node["nodeType"] in {"FunctionDefinition", "ModifierDefinition"} or node.get("constant"):
                for part in walk(node):
                    yield from self._mutate(part, node.get("name") or node["kind"])

    def _mutate(self, node: Node, place: str) -> Iterator[Mutant]:
        for change in CHANGES.get(node["nodeType"], []):
            for operator, start, end, after in change(self, node):
                yield Mutant(
                    path=self.path,
                    operator=operator,
                    place=place,
                    line=self.content.count(b"\n", 0, start) + 1,
                    start=start,
                    before=self.content[start:end],
                    after=after,
                )

    def span(self, node: Node) -> tuple[int, int]:
        """First byte of a node and the one behind its last."""
        start, length, _ = map(int, node["src"].split(":"))
        return start, start + length

    def text(self, node: Node) -> bytes:
        """What stands there."""
        start, end = self.span(node)
        return self.content[start:end]


Change = tuple[str, int, int, bytes]
"""Operator, first byte, byte behind the last, replacement."""


def change_binary(source: Source, node: Node) -> Iterator[Change]:
    """Another operator between the same operands."""
    found = node["operator"]
    left, right = node["leftExpression"], node["rightExpression"]
    start, end = source.span(left)[1], source.span(right)[0]
    gap = source.content[start:end]
    for other in RELATIONAL.get(found, []):
        yield "relational", start, end, gap.replace(found.encode(), other.encode(), 1)
    for kind, others in (("arithmetic", ARITHMETIC), ("boolean", BOOLEAN)):
        if found in others:
            yield kind, start, end, gap.replace(found.encode(), others[found].encode(), 1)


def change_assignment(source: Source, node: Node) -> Iterator[Change]:
    """Another compound assignment."""
    other = COMPOUND.get(node["operator"])
    if other:
        start, end = source.span(node["leftHandSide"])[1], source.span(node["rightHandSide"])[0]
        gap = source.content[start:end]
        yield "arithmetic", start, end, gap.replace(node["operator"].encode(), other.encode(), 1)


def change_unary(source: Source, node: Node) -> Iterator[Change]:
    """A negation or a complement is lost."""
    if node["operator"] in {"!", "~"}:
        yield "boolean", *source.span(node), source.text(node["subExpression"])


def change_condition(source: Source, node: Node) -> Iterator[Change]:
    """A condition is turned round."""
    condition = node["condition"]
    yield "boolean", *source.span(condition), b"!(" + source.text(condition) + b")"


def delete_statement(source: Source, node: Node) -> Iterator[Change]:
    """A statement is lost; a `require` is an operator of its own."""
    start, end = source.span(node)
    end += source.content[end : end + 1] == b";"
    call = node.get("expression", {})
    name = call.get("expression", {}).get("name") if call.get("nodeType") == "FunctionCall" else None
    yield ("require removal" if name == "require" else "statement deletion"), start, end, b"{}"


def delete_modifier(source: Source, node: Node) -> Iterator[Change]:
    """A modifier is lost; the constructor of a base is none."""
    if node.get("kind") == "modifierInvocation":
        yield "require removal", *source.span(node), b""


def change_literal(source: Source, node: Node) -> Iterator[Change]:
    """A number is one higher."""
    text = source.text(node).decode().replace("_", "")
    if node["kind"] == "number" and re.fullmatch(r"0x[0-9a-fA-F]+|\d+", text):
        base = 16 if text.startswith("0x") else 10
        value = int(text, base) + 1
        same = format(value, f"#0{len(text)}x") if base == 16 else str(value)
        yield "constant off by one", *source.span(node), same.encode()


def swap_arguments(source: Source, node: Node) -> Iterator[Change]:
    """Two neighbouring arguments of one type change places."""
    arguments = node["arguments"]
    for first, second in itertools.pairwise(arguments):
        types = [argument["typeDescriptions"].get("typeString") for argument in (first, second)]
        yield from _swap(source, first, second, same=types[0] == types[1] and types[0] is not None)


def change_yul_call(source: Source, node: Node) -> Iterator[Change]:
    """Another built-in function, or two arguments that change places."""
    name = node["functionName"]["name"]
    where = source.span(node["functionName"])
    if name in YUL_RELATIONAL:
        yield "relational", *where, YUL_RELATIONAL[name].encode()
    if name in YUL_ARITHMETIC:
        yield "arithmetic", *where, YUL_ARITHMETIC[name].encode()
    if name == "iszero":
        yield "boolean", *source.span(node), source.text(node["arguments"][0])
    if name in {"sub", "shl", "shr", "mstore", "keccak256", "calldatacopy", "mcopy", "returndatacopy"}:
        yield from _swap(source, *node["arguments"][:2], same=True)


def _swap(source: Source, first: Node, second: Node, *, same: bool) -> Iterator[Change]:
    one, other = source.text(first), source.text(second)
    if same and one != other:
        start, end = source.span(first)[0], source.span(second)[1]
        between = source.content[source.span(first)[1] : source.span(second)[0]]
        yield "swapped arguments", start, end, other + between + one


CHANGES: dict[str, list[Callable[[Source, Node], Iterator[Change]]]] = {
    "BinaryOperation": [change_binary],
    "Assignment": [change_assignment],
    "UnaryOperation": [change_unary],
    "IfStatement": [change_condition],
    "Conditional": [change_condition],
    "ExpressionStatement": [delete_statement],
    "EmitStatement": [delete_statement],
    "Continue": [delete_statement],
    "Return": [delete_statement],
    "ModifierInvocation": [delete_modifier],
    "Literal": [change_literal],
    "FunctionCall": [swap_arguments],
    "YulFunctionCall": [change_yul_call],
    "YulLiteral": [change_literal],
    "YulAssignment": [delete_statement],
    "YulExpressionStatement": [delete_statement],
}
