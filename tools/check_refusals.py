"""Disables each refusal of the project once, in a copy, and requires that the tests turn red.

Usage: check_refusals.py [NAME…]   (all when none is named; --list shows them)
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FORGE = ("forge", "test", "--match-path")
REFUSES = (*FORGE, "tests/contracts/Settlement.refuses.t.sol")
PYTEST = (str(ROOT / ".venv" / "bin" / "python"), "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider")
SERVICE = (*PYTEST, "tests/integration/test_prover_service.py")
LINKED = ("node_modules", ".toolchain", ".venv", ".cache")


@dataclass(frozen=True)
class Refusal:
    """One refusal and how to disable it."""

    name: str
    path: str
    text: str
    """Exact text that enforces it; must occur once."""
    disabled: str
    command: tuple[str, ...] = REFUSES


REFUSALS = (
    Refusal(
        "wrong prover signature",
        "contracts/verifiers/SignedVerifier.sol",
        "SignatureChecker.isValidSignatureNowCalldata(claim.prover, claim.groupDigest, evidence),",
        "evidence.length == 65,",
    ),
    Refusal(
        "a stranger's group",
        "contracts/Settlement.sol",
        "Signatures.isValid(group.prover, digest, group.authorization, AUTHORIZATION_GAS),",
        "group.authorization.length == 65,",
    ),
    Refusal(
        "receipt replayed",
        "contracts/Settlement.sol",
        "if (isNonceUsed(group.prover, receipt.nonce)) {",
        "if (false) {",
    ),
    Refusal(
        "evidence for other receipts",
        "contracts/libraries/ReceiptHash.sol",
        "receipt.responseHash,\n",
        "receipt.requestHash,\n",
    ),
    Refusal(
        "zk proof with a changed word",
        "contracts/verifiers/ZkmlVerifier.sol",
        "} catch {\n            revert InvalidProof(index);\n",
        "} catch {\n            return;\n",
    ),
    Refusal(
        "zk proof of another response",
        "contracts/verifiers/ZkmlVerifier.sol",
        "require(response == statement.responseHash, ResponseMismatch(statement.responseHash, response));",
        "",
    ),
    Refusal(
        "instance outside the field",
        "contracts/verifiers/ZkmlVerifier.sol",
        "require(instances[i] < FIELD_MODULUS, InstanceOutOfField(i, instances[i]));",
        "",
    ),
    Refusal(
        "instance too many",
        "contracts/verifiers/ZkmlVerifier.sol",
        "require(instances.length == expected, InstanceCountMismatch(expected, instances.length));",
        "",
    ),
    Refusal(
        "route that is not registered",
        "contracts/VerifierRouter.sol",
        "        require(entry.activeFrom != 0, UnknownRoute(route));\n"
        "        require(!entry.stopped, RouteIsStopped(route));\n"
        "        require(block.timestamp",
        "        require(!entry.stopped, RouteIsStopped(route));\n        require(block.timestamp",
    ),
    Refusal(
        "amount above the signed maximum",
        "contracts/Settlement.sol",
        "if (receipt.amount > terms.maxAmount) {",
        "if (false) {",
    ),
    Refusal(
        "pay address of a lower tier than the floor",
        "contracts/Settlement.sol",
        "frame.payAddresses[floor] = payAddressOf(group.prover, floor);",
        "frame.payAddresses[floor] = payAddressOf(group.prover, uint8(Tier.SIGNED));",
    ),
    Refusal(
        "tier below the floor",
        "contracts/Settlement.sol",
        "if (receipt.floor == 0 || receipt.floor > uint8(frame.tier)) {",
        "if (false) {",
    ),
    Refusal(
        "payer without funds",
        "contracts/Settlement.sol",
        'return success ? bytes("") : abi.encodeWithSelector(PaymentFailed.selector, cause);',
        'return "";',
    ),
    Refusal(
        "malformed JSON at the door",
        "prover/requests.py",
        "    except ValueError as error:\n        raise _malformed(str(error)) from None\n",
        '    except ValueError:\n        return {"input": [5.1, 3.5, 1.4, 0.2]}\n',
        SERVICE,
    ),
    Refusal(
        "wrong input shape at the door",
        "prover/requests.py",
        "values=require_inputs(numbers, expected_values)",
        "values=require_inputs(numbers, len(numbers))",
        SERVICE,
    ),
    Refusal(
        "unknown model at the door",
        "prover/catalogue.py",
        "model = self.models.get(model_name)\n",
        "model = next(iter(self.models.values()))\n",
        SERVICE,
    ),
    Refusal(
        "copies of one payment",
        "prover/facilitator.py",
        "if self._ledger.reserve(payment, now_s=int(time.time())):",
        "if self._ledger.reserve(payment, now_s=int(time.time())) or True:",
        SERVICE,
    ),
)


def main() -> int:
    """Runs the named refusals; the exit code is 1 when the tests stayed green for one of them."""
    names = sys.argv[1:]
    if names == ["--list"]:
        print("\n".join(refusal.name for refusal in REFUSALS))
        return 0
    unknown = set(names) - {refusal.name for refusal in REFUSALS}
    if unknown:
        print(f"unknown refusal: {', '.join(sorted(unknown))}; see --list", file=sys.stderr)
        return 2
    holes = [r.name for r in REFUSALS if (not names or r.name in names) and not _turns_red(r)]
    if holes:
        print(f"tests stayed green without: {', '.join(holes)}", file=sys.stderr)
        return 1
    print(f"{len(names) or len(REFUSALS)} refusals disabled one by one, the tests turned red every time")
    return 0


def _turns_red(refusal: Refusal) -> bool:
    with tempfile.TemporaryDirectory(prefix="veritally-refusal-") as folder:
        copy = Path(folder)
        _copy_tree(copy)
        _disable(copy / refusal.path, refusal)
        started_at_s = time.monotonic()
        run = subprocess.run(
            refusal.command, cwd=copy, capture_output=True, text=True, env=_environment(copy)
        )
        output = run.stdout + run.stderr
        red = run.returncode != 0 and ("[FAIL" in output or "FAILED" in output)
        print(
            f"{'red  ' if red else 'GREEN'} {refusal.name} ({time.monotonic() - started_at_s:.0f} s)",
            flush=True,
        )
        if not red:
            print(output[-2000:], file=sys.stderr)
        return red


def _copy_tree(target: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    for name in filter(None, listed.decode().split("\0")):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target / name)
    for name in LINKED:
        if (ROOT / name).exists():
            (target / name).symlink_to(ROOT / name)
    for name in ("out", "cache"):  # so that only what the change touches is compiled again
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, target / name)


def _disable(path: Path, refusal: Refusal) -> None:
    source = path.read_text(encoding="utf-8")
    if source.count(refusal.text) != 1:
        raise SystemExit(
            f"{refusal.name}: the text to disable occurs {source.count(refusal.text)} times in {path.name}"
        )
    path.write_text(source.replace(refusal.text, refusal.disabled), encoding="utf-8")


def _environment(copy: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}


if __name__ == "__main__":
    raise SystemExit(main())
