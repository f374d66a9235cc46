"""Requires that every test that docs/security.md names exists, and that every rule and threat has some.

A test is named as `file::test`; the file is found by the end of its path below tests/.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "security.md"
REFERENCE = re.compile(r"`([^`\s]+)::([^`\s]+)`")
ROW = re.compile(r"^\| ([RTI]\d+) \|.*$", re.MULTILINE)
DEFINITION = {".sol": r"\bfunction {}\(", ".py": r"^ *(?:async )?def {}\("}
TEST_NAME = re.compile(r"(test|testFuzz|invariant|check)_\w+")
RULES = {f"R{number}" for number in range(1, 12)}
THREATS = {f"T{number}" for number in (1, 2, 3, 4, 5, 9, 10, 11, 12, 13, 15, 16, 17)}
INVARIANTS = {f"I{number}" for number in range(1, 21)}


def fault_of(file: str, test: str, paths: list[Path]) -> str | None:
    """What is wrong with a reference; nothing when the test exists."""
    found = [path for path in paths if f"/{path.as_posix()}".endswith(f"/{file}")]
    if len(found) != 1:
        return f"{file} is the name of {len(found)} files below tests/"
    if not TEST_NAME.fullmatch(test):
        return f"{test} is no name of a test"
    definition = DEFINITION[found[0].suffix].format(re.escape(test))
    if not re.search(definition, found[0].read_text(encoding="utf-8"), re.MULTILINE):
        return f"{found[0].relative_to(ROOT)} has no {test}"
    return None


def faults_in(document: str, paths: list[Path]) -> list[str]:
    """Everything that is wrong with the document."""
    faults = [fault_of(file, test, paths) for file, test in sorted(set(REFERENCE.findall(document)))]
    rows = {match[1]: match[0] for match in ROW.finditer(document)}
    missing = (RULES | THREATS | INVARIANTS) - rows.keys()
    faults += [f"there is no row for {name}" for name in sorted(missing)]
    faults += [f"the row of {name} names no test" for name, row in rows.items() if not REFERENCE.search(row)]
    return [fault for fault in faults if fault]


def main() -> int:
    """Prints what is wrong; the exit code is 1 when something is."""
    paths = [path for path in (ROOT / "tests").rglob("*") if path.suffix in DEFINITION]
    try:
        document = DOCUMENT.read_text(encoding="utf-8")
    except OSError as error:
        print(f"the document cannot be read: {error}", file=sys.stderr)
        return 1
    faults = faults_in(document, paths)
    for fault in faults:
        print(fault, file=sys.stderr)
    if faults:
        print("fix: write the test, or name the right one in docs/security.md", file=sys.stderr)
        return 1
    tests = set(REFERENCE.findall(document))
    print(f"docs/security.md: {len(tests)} tests named, all of them exist")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
