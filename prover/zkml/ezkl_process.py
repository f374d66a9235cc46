"""Runs ezkl in child processes.

ezkl holds the interpreter lock while it works, panics instead of raising, and may crash when the interpreter
ends. None of this reaches us, because no process of ours imports it: each call is a child that answers with
one line. Lines before it tell how far a long call is.
"""

from __future__ import annotations

import errno
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from prover.errors import EzklCrashedError, EzklError, EzklFailedError, EzklTimeoutError
from prover.zkml.child_process import Ended, Watch, run_child
from prover.zkml.errors import DiskFullError, EzklMemoryError, EzklStoppedError
from prover.zkml.machine import available_memory_bytes

CHILD_MODULE = "prover.zkml.ezkl_child"
ADDRESS_SPACE_BYTES: Final = 2**30
"""Of a child before it does anything, with room to spare."""
_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
_THREADS: Final = {"RAYON_NUM_THREADS": "1"}
"""Several processes of one thread each do more than one process with several threads."""
_NO_BYTECODE: Final = {"PYTHONDONTWRITEBYTECODE": "1"}
"""On a full disk Python leaves half a file of compiled code, and never starts again."""
_NO_MEMORY: Final = ("memory allocation of", "MemoryError")
_NO_SPACE: Final = tuple(
    form.format(number)
    for form in ("os error {})", "[Errno {}]")
    for number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
)
"""As ezkl and as Python tell that a file cannot be written: no room, a quota, or a limit on file sizes."""
_CLOSED_PORT = "http://127.0.0.1:9"


class Stage(StrEnum):
    """What a child can do."""

    ROWS = "rows"
    ACCURACY = "accuracy"
    SETTINGS = "settings"
    COMPILE = "compile"
    DEVELOPMENT_SRS = "development-srs"
    SETUP = "setup"
    VERIFIER = "verifier"
    PROVE = "prove"
    VERIFY = "verify"
    COMMIT = "commit"


class ProofStep(StrEnum):
    """What `Stage.PROVE` does, in this order."""

    WITNESS = "witness"
    PROOF = "proof"
    VERIFICATION = "verification"


_TIMEOUT_FIX: Final[Mapping[Stage, str]] = {
    Stage.ROWS: "simplify the network",
    Stage.ACCURACY: "give a smaller sample",
    Stage.SETTINGS: "simplify the network",
    Stage.COMPILE: "simplify the network",
    Stage.DEVELOPMENT_SRS: "lower logrows in model.json",
    Stage.SETUP: "raise logrows in model.json until the circuit fits one block of columns",
    Stage.VERIFIER: "raise logrows in model.json until the circuit fits one block of columns",
    Stage.VERIFY: "run it again when this machine has less to do",
    Stage.COMMIT: "run it again when this machine has less to do",
    Stage.PROVE: "allow more time, or prove fewer inferences at once on this machine",
}


@dataclass(frozen=True)
class Measured:
    """What a stage gave, and what it took."""

    result: Any
    cpu_s: float
    peak_memory_bytes: int


def run_ezkl(stage: Stage, arguments: Mapping[str, object], timeout_s: float) -> Any:
    """Runs one stage in a child process and returns its result (JSON); see `measure_ezkl`."""
    return measure_ezkl(stage, arguments, timeout_s).result


def measure_ezkl(
    stage: Stage,
    arguments: Mapping[str, object],
    timeout_s: float,
    memory_limit_bytes: int | None = None,
    watch: Watch | None = None,
) -> Measured:
    """Runs one stage in a child process.

    Args:
        stage: What to do.
        arguments: Keyword arguments of the stage in `ezkl_child`, as JSON values.
        timeout_s: Seconds after which the child and everything that it started are killed.
        memory_limit_bytes: Most address space that the child may take; None for what the machine has.
        watch: Follows the call, and may end it.

    Raises:
        EzklTimeoutError: the time was not enough.
        EzklStoppedError: `watch` ended it.
        EzklMemoryError: the memory was not enough.
        DiskFullError: there was no room for a file.
        EzklCrashedError: the child ended without an answer.
        EzklFailedError: ezkl refused the call or panicked.
    """
    watch = watch or Watch()
    limit_bytes = memory_limit_bytes or ADDRESS_SPACE_BYTES + available_memory_bytes()
    request = json.dumps({"parent": os.getpid(), "arguments": arguments, "memory_limit_bytes": limit_bytes})
    command = [sys.executable, "-m", CHILD_MODULE, stage]
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="veritally-ezkl-") as home:
            ended = run_child(command, request, _environment(home), timeout_s, watch)
    except OSError as error:
        raise_if_disk_full(error, _named(stage))
        raise
    elapsed_s = time.monotonic() - started
    if ended.answer is None:
        raise _no_answer(stage, ended, elapsed_s, timeout_s, limit_bytes)
    content = ended.answer
    if "error" in content:
        raise _failure(stage, elapsed_s, content["error"], ended.last_words, limit_bytes)
    watch.peak_memory_bytes = content["peak_memory_bytes"]
    return Measured(content["result"], content["cpu_s"], content["peak_memory_bytes"])


def raise_if_disk_full(error: OSError, work: str) -> None:
    """Raises `DiskFullError` when that is what `error` says."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        raise DiskFullError(work) from None


def _named(stage: Stage) -> str:
    return f"ezkl stage {stage.value!r}"


def _no_answer(
    stage: Stage, ended: Ended, elapsed_s: float, timeout_s: float, memory_limit_bytes: int
) -> EzklError:
    if ended.stopped:
        return EzklStoppedError(stage.value)
    if ended.late:
        return EzklTimeoutError(stage.value, timeout_s, _TIMEOUT_FIX[stage])
    if any(text in ended.last_words for text in _NO_MEMORY):
        return EzklMemoryError(stage.value, memory_limit_bytes)
    return EzklCrashedError(stage.value, ended.exit_code, elapsed_s, ended.last_words)


def _failure(
    stage: Stage, elapsed_s: float, problem: str, last_words: str, memory_limit_bytes: int
) -> EzklError:
    if any(text in said for text in _NO_SPACE for said in (problem, last_words)):
        return DiskFullError(_named(stage))
    if any(text in problem for text in _NO_MEMORY):
        return EzklMemoryError(stage.value, memory_limit_bytes)
    return EzklFailedError(stage.value, elapsed_s, problem, last_words)


def _environment(home: str) -> dict[str, str]:
    """Nothing of ours that could be secret, an empty home, and no way to the network."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    proxies = dict.fromkeys(("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"), _CLOSED_PORT)
    return {
        **inherited,
        **_THREADS,
        **_NO_BYTECODE,
        **proxies,
        "HOME": home,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
