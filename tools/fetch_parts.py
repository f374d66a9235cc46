"""Fetches the bytecode of public contracts that the development chain needs into .toolchain/parts.

The repository holds no third-party bytecode, and installing the npm packages whole would pull in much more
than one file each. So npm packs their tarballs, which are checked against a pinned sha512 and read from.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

TARGET = Path(__file__).resolve().parent.parent / ".toolchain" / "parts"


class FetchError(Exception):
    """A part cannot be fetched; the message says what to do."""


@dataclass(frozen=True)
class Part:
    """One contract and where its code comes from."""

    name: str
    package: str
    """npm package with its exact version."""
    sha512: str
    """Base64 digest of the package's tarball."""
    member: str
    """File in the tarball that holds the code."""
    licence: str
    runtime_of: Callable[[str], str]
    """Takes the text of that file to the runtime bytecode (0x hex)."""
    runtime_sha256: str
    """Hex digest of the runtime bytecode."""


def permit2_runtime(text: str) -> str:
    """The package's JSON file holds the runtime bytecode as it is."""
    return str(json.loads(text)["bytecode"])


def multicall3_runtime(text: str) -> str:
    """The package holds creation code: a constructor that returns `length` bytes at `offset` of itself."""
    found = re.search(r"multicall3Bytecode = '0x([0-9a-f]+)'", text)
    if found is None:
        raise FetchError("no multicall3Bytecode in the package; has the pinned version changed?")
    code = bytes.fromhex(found[1])
    copied = re.search(rb"\x61(..)\x80\x61(..)\x60\x00\x39\x60\x00\xf3\xfe", code, re.DOTALL)
    if copied is None:
        raise FetchError("multicall3Bytecode does not start with a plain constructor")
    length, offset = (int.from_bytes(value) for value in copied.groups())
    return "0x" + code[offset : offset + length].hex()


PARTS = (
    Part(
        name="permit2",
        package="@1inch/solidity-utils@6.9.16",
        sha512="SnOB37v1BC5rGT60d7gUi0cEhwpUczoHdIfilKeehbmX7o3CDENgvbMpOv2jmSADh/iq+zhs+RDum+nJ+uUwTQ==",
        member="package/dist/src/permit2.json",
        licence="MIT",
        runtime_of=permit2_runtime,
        runtime_sha256="0138d7a3a8d11b824ac3a7bf309c4f44a42f4e1ef2484451f0c3f4db6a03a298",
    ),
    Part(
        name="multicall3",
        package="viem@2.57.20",
        sha512="LSvREzKT7xFXpmxW2YFJ/OtcZRkSGLp5zywSgadBf0qQCeqh2+FxHHWyrS2zEG7ZfBWQQvk8HI1i4HPzSMD14g==",
        member="package/_cjs/constants/contracts.js",
        licence="MIT",
        runtime_of=multicall3_runtime,
        runtime_sha256="cef296d5215a54a73d653871b73745c0ddd513071f66297e72397459f96b3d4e",
    ),
)


def is_present(part: Part) -> bool:
    """Whether the part is there already with the pinned code."""
    try:
        content = json.loads((TARGET / f"{part.name}.json").read_text(encoding="utf-8"))
        return digest(content["runtime"]) == part.runtime_sha256
    except (OSError, ValueError, KeyError):
        return False


def digest(runtime: str) -> str:
    """sha256 of 0x-prefixed bytecode, in hex."""
    return hashlib.sha256(bytes.fromhex(runtime[2:])).hexdigest()


def pack(package: str, folder: Path) -> Path:
    """Lets npm download the package's tarball into `folder`."""
    command = ["npm", "pack", package, "--loglevel=error", "--pack-destination", str(folder)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    except FileNotFoundError:
        raise FetchError("npm is not installed; install Node.js 20 or newer") from None
    except subprocess.CalledProcessError as error:
        raise FetchError(f"npm cannot fetch {package}; is the network up?\n{error.stderr.strip()}") from None
    except subprocess.TimeoutExpired:
        raise FetchError(f"npm did not fetch {package} within 300 s; is the network up?") from None
    return next(folder.glob("*.tgz"))


def extract(part: Part, tarball: Path) -> str:
    """Checks the tarball and takes the runtime bytecode out of it."""
    found = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if found != part.sha512:
        raise FetchError(
            f"{part.package}: the tarball's sha512 is {found}, pinned is {part.sha512}; do not use it"
        )
    with tarfile.open(tarball) as archive:
        member = archive.extractfile(part.member)
        if member is None:
            raise FetchError(f"{part.package}: {part.member} is not a file")
        runtime = part.runtime_of(member.read().decode())
    if digest(runtime) != part.runtime_sha256:
        raise FetchError(
            f"{part.package}: the code's sha256 is {digest(runtime)}, pinned is {part.runtime_sha256}"
        )
    return runtime


def fetch(part: Part) -> None:
    """Fetches one part and writes its file."""
    with tempfile.TemporaryDirectory() as folder:
        runtime = extract(part, pack(part.package, Path(folder)))
    content = {
        "name": part.name,
        "origin": f"npm {part.package}",
        "licence": part.licence,
        "runtime": runtime,
    }
    TARGET.mkdir(parents=True, exist_ok=True)
    (TARGET / f"{part.name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def main() -> int:
    """Fetches what is missing; the exit code is 1 when that fails."""
    try:
        for part in PARTS:
            if is_present(part):
                print(f"{part.name}: present")
                continue
            fetch(part)
            print(f"{part.name}: fetched from npm {part.package}")
    except FetchError as error:
        print(f"fetch_parts: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
