"""What runs on the workers of a cluster: plain functions that take and give bytes.

A worker keeps the files of circuits by their SHA-256 in a folder of its own, and asks for what it lacks.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from distributed import get_worker

from prover.errors import EzklCrashedError, EzklFailedError, ProverError
from prover.zkml.cache import sha256_of
from prover.zkml.child_process import Watch
from prover.zkml.ezkl_process import Stage, measure_ezkl
from prover.zkml.prove import is_out_of_range

FOLDER_VARIABLE: Final = "VERITALLY_WORKER_CACHE"
_watches: Final[dict[str, Watch]] = {}
"""Proofs that run now."""


def prove_here(request: bytes) -> bytes:
    """Makes one proof. The answer (JSON) has its `result`, the `missing` files by SHA-256, or an `error`.

    Args:
        request: JSON with `id`, `ezkl` (its version), `files` (SHA-256 by argument of the stage), `arguments`
            (the others), `timeout_s` and `memory_limit_bytes`.
    """
    content = json.loads(request)
    return json.dumps({"worker": get_worker().address, **_answer(content)}).encode()


def list_missing(digests: Sequence[str]) -> list[str]:
    """Which of these files this worker lacks."""
    return [digest for digest in digests if not _file(digest).is_file()]


def take_part(digest: str, transfer: str, part: bytes, is_last: bool) -> None:
    """Takes the next part of a file; the last one makes it a file, when it is the one that was named.

    Raises:
        ValueError: the content is another one.
    """
    target = _file(digest)
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f"{digest}.{transfer}")
    with unfinished.open("ab") as file:
        file.write(part)
    if not is_last:
        return
    if sha256_of(unfinished) != digest:
        unfinished.unlink()
        raise ValueError(f"the file that was sent as {digest} is another one")
    unfinished.replace(target)


def stop_here(request_id: str) -> None:
    """Ends a proof that nobody wants any more."""
    watch = _watches.get(request_id)
    if watch is not None:
        watch.stop()


def _answer(content: Mapping[str, Any]) -> dict[str, Any]:
    if content["ezkl"] != version("ezkl"):
        problem = f"has ezkl {version('ezkl')}, the prover {content['ezkl']}; install the prover's version"
        return _error("failed", problem)
    digests = sorted(set(content["files"].values()))
    if missing := list_missing(digests):
        return {"missing": missing}
    try:
        return {"result": _prove(content)}
    except ProverError as error:
        if damaged := _remove_damaged(digests):
            return {"missing": damaged}
        return _error(_kind(error), str(error))


def _prove(content: Mapping[str, Any]) -> Any:
    files = {name: str(_file(digest)) for name, digest in content["files"].items()}
    watch = _watches.setdefault(content["id"], Watch())
    try:
        with tempfile.TemporaryDirectory(prefix="veritally-proof-") as folder:
            arguments = {**files, **content["arguments"], "folder": folder}
            limit_bytes = content["memory_limit_bytes"]
            return measure_ezkl(Stage.PROVE, arguments, content["timeout_s"], limit_bytes, watch).result
    finally:
        _watches.pop(content["id"], None)


def _kind(error: ProverError) -> str:
    if isinstance(error, EzklFailedError) and is_out_of_range(error):
        return "input"
    return "lost" if isinstance(error, EzklCrashedError) else "failed"


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"error": {"kind": kind, "message": message}}


def _remove_damaged(digests: Sequence[str]) -> list[str]:
    damaged = [digest for digest in digests if sha256_of(_file(digest)) != digest]
    for digest in damaged:
        _file(digest).unlink()
    return damaged


def _folder() -> Path:
    chosen = os.environ.get(FOLDER_VARIABLE)
    return Path(chosen) if chosen else Path.home() / ".cache" / "veritally" / "worker"


def _file(digest: str) -> Path:
    if len(digest) != 64 or not digest.isalnum():
        raise ValueError(f"{digest!r} is no SHA-256")
    return _folder() / digest
