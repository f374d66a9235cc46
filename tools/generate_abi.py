"""Writes veritally/abi/*.json from forge's artifacts; with --check, fails when a committed file is stale."""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "veritally" / "abi"
CONTRACTS = (
    "Settlement",
    "VerifierRouter",
    "ModelRegistry",
    "EnclaveRegistry",
    "PayAddress",
    "PayAddressFactory",
    "SignedVerifier",
    "TeeVerifier",
    "ZkmlVerifier",
    "NitroAttestation",
)


def render(name: str) -> str:
    """The committed form of one contract's artifact."""
    artifact = json.loads((ROOT / "out" / f"{name}.sol" / f"{name}.json").read_text(encoding="utf-8"))
    content = {"abi": artifact["abi"], "bytecode": artifact["bytecode"]["object"]}
    return json.dumps(content, indent=1, sort_keys=True) + "\n"


def main() -> int:
    """Writes or checks all files; the exit code is 1 when a check fails."""
    check = "--check" in sys.argv[1:]
    stale = []
    for name in CONTRACTS:
        path = TARGET / f"{name}.json"
        text = render(name)
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(path.name)
        if not check:
            path.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"out of date: {', '.join(stale)}; run `make abi` and commit the result", file=sys.stderr)
        return 1
    state = f"written: {', '.join(stale)}" if stale else "all current"
    print(f"veritally/abi: {len(CONTRACTS)} contracts, {state}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
