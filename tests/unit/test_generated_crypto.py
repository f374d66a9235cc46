"""The generated contracts and vectors of the cryptography are those that their tools write."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = {
    "generate_sha384.py": ("contracts/crypto/Sha384.sol",),
    "generate_p384.py": ("contracts/crypto/P384Constants.sol", "contracts/crypto/P384Table.sol"),
    "make_crypto_vectors.py": (
        "tests/vectors/attestation/p384_hints.json",
        "tests/vectors/attestation/p384_edges.json",
        "tests/vectors/attestation/p256.json",
        "tests/vectors/attestation/secp256k1.json",
        "tests/vectors/attestation/rsa_pss_2048.json",
        "tests/vectors/attestation/rsa_pss_edges.json",
        "tests/vectors/attestation/sha384.json",
    ),
}


def check(root: Path, tool: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(root / "tools" / tool), "--check"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("tool", WRITTEN)
def test_committed_files_are_current(tool: str) -> None:
    result = check(ROOT, tool)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(("tool", "name"), [(tool, name) for tool in WRITTEN for name in WRITTEN[tool]])
def test_a_changed_digit_is_found(tool: str, name: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    for path in sum(WRITTEN.values(), ()):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    shutil.copytree(ROOT / "tests/vectors/wycheproof", tmp_path / "tests/vectors/wycheproof")
    text = (tmp_path / name).read_text(encoding="utf-8")
    place = [found.start() for found in re.finditer("3", text)][-1]
    (tmp_path / name).write_text(text[:place] + "4" + text[place + 1 :], encoding="utf-8")

    result = check(tmp_path, tool)

    assert result.returncode == 1
    assert Path(name).name in result.stderr
