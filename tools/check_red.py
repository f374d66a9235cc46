"""Proves that a failing test turns its step red: runs the test commands on tests that fail on purpose.

Called by `make test-red` with the commands that `make test` uses, each as one argument: forge's, then
pytest's. npm's launchers of Foundry end with 0 whatever happens, so the programs on PATH must be the
native ones, too.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S = 120
NATIVE_MAGICS = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
"""First bytes of programs on Linux and macOS."""

FORGE_CONFIG = """\
[profile.default]
src = "."
test = "."
solc = "{solc}"
"""
FORGE_TESTS = """\
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

contract SafetyNetTest {
    function test_green() external pure {}

    function test_red() external pure {
        assert(false);
    }
}
"""
PYTEST_TESTS = """\
def test_green():
    pass


def test_red():
    raise AssertionError
"""


class HoleError(Exception):
    """A failing test would go unnoticed; the message says where."""


def run(command: str, folder: Path) -> tuple[int, str]:
    """Exit code and output of `command`, run in `folder`; a program with a path is one of the repository."""
    program, *arguments = shlex.split(command)
    if "/" in program:
        program = str(ROOT / program)
    result = subprocess.run(
        [program, *arguments], cwd=folder, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )
    return result.returncode, result.stdout + result.stderr


def check_native(program: str) -> str:
    """Requires the program on PATH to be a native one; returns what was seen.

    Raises:
        HoleError: it is missing or a script.
    """
    found = shutil.which(program)
    if found is None:
        raise HoleError(f"{program} is not on PATH; run this by `make test-red`")
    target = Path(found).resolve()
    with target.open("rb") as file:
        if not file.read(4).startswith(NATIVE_MAGICS):
            raise HoleError(
                f"{target} is a launcher, which may lose exit codes; name the native package in package.json"
            )
    return f"{program} is a native program: {target}"


def check_red(command: str, tests: dict[str, str], *, green: str, red: str) -> str:
    """Runs `command` in a folder that holds one passing and one failing test; returns what was seen.

    Raises:
        HoleError: it ends with 0, or does not report both tests by having `green` and `red` in its output.
    """
    with tempfile.TemporaryDirectory() as name:
        for file, text in tests.items():
            (Path(name) / file).write_text(text, encoding="utf-8")
        code, output = run(command, Path(name))
    if code == 0:
        raise HoleError(f"`{command}` ends with 0 although a test fails\n{output}")
    for expected in (green, red):
        if expected not in output:
            raise HoleError(f"`{command}` ends with {code}, but {expected!r} is not in its output\n{output}")
    return f"`{command}` on a failing test: exit code {code}, output says {red!r}"


def main() -> int:
    """Checks both runners; the exit code is 1 when one of them has a hole."""
    forge_test, pytest = sys.argv[1:]
    config = FORGE_CONFIG.format(solc=ROOT / "tools" / "solc")
    forge_files = {"foundry.toml": config, "SafetyNet.t.sol": FORGE_TESTS}
    pytest_files = {"pytest.ini": "[pytest]\n", "test_safety_net.py": PYTEST_TESTS}
    try:
        print(check_native("forge"))
        print(check_native("anvil"))
        print(check_red(forge_test, forge_files, green="[PASS] test_green", red="[FAIL"))
        print(check_red(pytest, pytest_files, green="1 passed", red="1 failed"))
    except HoleError as hole:
        print(f"the safety net has a hole: {hole}", file=sys.stderr)
        return 1
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"the safety net cannot be checked: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
