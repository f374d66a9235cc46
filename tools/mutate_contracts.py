"""Changes the core of the contracts at random, one mistake at a time; the contract tests must notice.

Works on a copy. Of each kind of mistake equally many are drawn, as far as there are so many; the same seed
draws the same ones. A survivor is a missing test, or a change that means nothing and has a row in
docs/analysis.md.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from enum import StrEnum
from pathlib import Path

from check_coverage import CORE
from mutate_operators import Mutant, Source
from solidity_ast import ROOT, SourceError, parse

EXPLAINED = ROOT / "docs" / "analysis.md"
ROW = re.compile(r"^\| `(contracts/[^`]+)` \| `([^`]+)` \| `([^`]+ => [^`]+)` \| .*\S +\|$", re.MULTILINE)
"""Path, place, change, why it means nothing; a bar in the change is written with a backslash."""

LIMIT_S = 300
COPIED = ("contracts", "tests/contracts", "tests/vectors", "tools", "foundry.toml")
LINKED = ("node_modules", ".toolchain")
SETTINGS = {
    "FOUNDRY_OPTIMIZER": "false",
    "FOUNDRY_FUZZ_RUNS": "48",
    "FOUNDRY_INVARIANT_RUNS": "8",
}
"""Without the optimizer the compiler takes a fifth of the time; the tests are the same."""

SETTLEMENT = ("Settlement.*", "Vectors*", "PayAddress*", "Security*", "libraries/*", "invariant/*")
ROUTER = ("VerifierRouter*", "Settlement.refuses*", "invariant/*")
ZKML = (
    "Halo2Call*",
    "ZkmlVerifier*",
    "ModelRegistry*",
    "VerifierRouter.contradiction*",
    "Settlement.refuses*",
)
TESTS = {
    "contracts/VerifierRouter.sol": ROUTER,
    "contracts/ModelRegistry.sol": ZKML,
    "contracts/EnclaveRegistry.sol": ("EnclaveRegistry*", "Settlement.refuses*", "Settlement.settle*"),
    "contracts/PayAddress.sol": ("PayAddress*", "Vectors*"),
    "contracts/PayAddressFactory.sol": ("PayAddress*", "Vectors*"),
    "contracts/libraries/DevelopmentChains.sol": ("VerifierRouter*", "ModelRegistry*", "EnclaveRegistry*"),
    "contracts/verifiers/CircuitTrial.sol": ZKML,
    "contracts/verifiers/Halo2Call.sol": ZKML,
    "contracts/verifiers/OpenGradientVerifier.sol": ("OpenGradientVerifier*",),
    "contracts/verifiers/ZkmlVerifier.sol": ZKML,
}
"""Which of tests/contracts/ concern a file; those of Settlement concern every other one."""


class Outcome(StrEnum):
    """What the tests said of a mutant."""

    KILLED = "killed"
    SURVIVED = "SURVIVED"
    INVALID = "no Solidity"


class MutationError(Exception):
    """The tests do not pass without a change; the message is their output."""


def core_sources() -> list[Source]:
    """The files whose coverage is gated, too."""
    paths = [
        path
        for path in sorted((ROOT / "contracts").rglob("*.sol"))
        if str(path.relative_to(ROOT)).startswith(CORE)
    ]
    trees = parse(paths)
    return [Source(path, (ROOT / path).read_bytes(), tree) for path, tree in trees.items()]


def draw(mutants: list[Mutant], seed: int) -> list[Mutant]:
    """The mutants in random order, the kinds taking turns."""
    chance = random.Random(seed)
    by_operator = defaultdict(list)
    for mutant in mutants:
        by_operator[mutant.operator].append(mutant)
    piles = [chance.sample(pile, len(pile)) for _, pile in sorted(by_operator.items())]
    order = []
    while piles := [pile for pile in piles if pile]:
        order += [pile.pop() for pile in piles]
    return order


def read_explained() -> set[tuple[str, str, str]]:
    """Path, place and change of the mutants that docs/analysis.md explains."""
    rows = ROW.findall(EXPLAINED.read_text(encoding="utf-8"))
    return {(path, place, change.replace("\\|", "|")) for path, place, change in rows}


def copy_tree(folder: Path) -> None:
    """What forge needs, in `folder`."""
    for name in COPIED:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, folder / name)
    for name in LINKED:
        (folder / name).symlink_to((ROOT / name).resolve())


def run_tests(folder: Path, path: str) -> tuple[Outcome, str]:
    """What the tests that concern the file say, and their output."""
    globs = TESTS.get(path, SETTLEMENT)
    pattern = "tests/contracts/{" + ",".join(globs) + "}"
    process = subprocess.Popen(
        ["forge", "test", "--fail-fast", "--match-path", pattern],
        cwd=folder,
        env=os.environ | SETTINGS,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        output, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return Outcome.KILLED, f"not done after {LIMIT_S} s"
    if process.returncode == 0 and "[PASS]" in output:
        return Outcome.SURVIVED, output
    return (Outcome.KILLED if "[FAIL" in output else Outcome.INVALID), output


def judge(folder: Path, mutant: Mutant) -> Outcome:
    """Runs the tests with the change and takes it back."""
    target = folder / mutant.path
    original = target.read_bytes()
    target.write_bytes(mutant.apply(original))
    try:
        return run_tests(folder, mutant.path)[0]
    finally:
        target.write_bytes(original)


def require_green(folder: Path, paths: set[str]) -> None:
    """Runs all the tests without a change.

    Raises:
        MutationError: one fails, so that a failure would say nothing.
    """
    for globs in sorted({TESTS.get(path, SETTLEMENT) for path in paths}):
        path = next(path for path in sorted(paths) if TESTS.get(path, SETTLEMENT) == globs)
        outcome, output = run_tests(folder, path)
        if outcome is not Outcome.SURVIVED:
            raise MutationError(output)


def run_sample(mutants: list[Mutant], size: int) -> tuple[int, list[Mutant]]:
    """Judges mutants until `size` of them were judged; how many were, and those that survived.

    Raises:
        MutationError: the tests fail without a change.
    """
    judged = 0
    survivors = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        copy_tree(folder)
        require_green(folder, {mutant.path for mutant in mutants[:size]})
        for mutant in mutants:
            if judged == size:
                break
            started = time.monotonic()
            outcome = judge(folder, mutant)
            judged += outcome is not Outcome.INVALID
            survivors += [mutant] if outcome is Outcome.SURVIVED else []
            print(f"{outcome:11} {time.monotonic() - started:4.0f} s  {mutant}", flush=True)
    return judged, survivors


def main() -> int:
    """Prints each mutant's end and the survivors; the exit code is 1 when one of them is not explained."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--size", type=int, default=40, help="mutants to judge (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (default: %(default)s)")
    parser.add_argument("--list", action="store_true", help="print them and stop")
    arguments = parser.parse_args()
    try:
        mutants = draw([mutant for source in core_sources() for mutant in source.mutants()], arguments.seed)
        if arguments.list:
            print(*mutants[: arguments.size], sep="\n")
            return 0
        judged, survivors = run_sample(mutants, arguments.size)
    except (MutationError, SourceError, OSError, subprocess.CalledProcessError) as error:
        print(f"no mutants can be judged: {error}", file=sys.stderr)
        return 1
    explained = read_explained()
    killed = f"{judged - len(survivors)} of {judged} mutants killed"
    print(f"{killed}, drawn from {len(mutants)} with seed {arguments.seed}")
    unexplained = [
        mutant for mutant in survivors if (mutant.path, mutant.place, mutant.change) not in explained
    ]
    for survivor in survivors:
        print(f"{'survived' if survivor in unexplained else 'explained'}: {survivor}")
    return 1 if unexplained else 0


if __name__ == "__main__":
    raise SystemExit(main())
