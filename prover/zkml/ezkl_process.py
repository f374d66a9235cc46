"""Runs ezkl in child processes.

ezkl holds the interpreter lock while it works, panics instead of raising, and may crash when the interpreter
ends. None of this reaches us, because no process of ours imports it: each call is a child that answers with
one line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from prover.errors import EzklCrashedError, EzklError, EzklFailedError, EzklTimeoutError
from prover.zkml.errors import DiskFullError, EzklMemoryError

CHILD_MODULE = "prover.zkml.ezkl_child"
LAST_WORDS_CHARACTERS = 600
_INHERITED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH")
_THREADS: Final = {"RAYON_NUM_THREADS": "1"}
"""Several processes of one thread each do more than one process with several threads."""
_NO_MEMORY: Final = ("memory allocation of", "MemoryError")
_NO_SPACE: Final = "os error 28"
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
    COMMIT = "commit"


_TIMEOUT_FIX: Final[Mapping[Stage, str]] = {
    Stage.ROWS: "simplify the network",
    Stage.ACCURACY: "give a smaller sample",
    Stage.SETTINGS: "simplify the network",
    Stage.COMPILE: "simplify the network",
    Stage.DEVELOPMENT_SRS: "lower logrows in model.json",
    Stage.SETUP: "raise logrows in model.json until the circuit fits one block of columns",
    Stage.VERIFIER: "raise logrows in model.json until the circuit fits one block of columns",
    Stage.COMMIT: "run it again when this machine has less to do",
    Stage.PROVE: "allow more time, or prove fewer inferences at once on this machine",
}


@dataclass(frozen=True)
class Measured:
    """What a stage gave, and what it took."""

    result: Any
    cpu_s: float
    peak_memory_bytes: int


def run_ezkl(
    stage: Stage, arguments: Mapping[str, object], timeout_s: float, memory_limit_bytes: int | None = None
) -> Any:
    """Runs one stage in a child process and returns its result (JSON); see `measure_ezkl`."""
    return measure_ezkl(stage, arguments, timeout_s, memory_limit_bytes).result


def measure_ezkl(
    stage: Stage, arguments: Mapping[str, object], timeout_s: float, memory_limit_bytes: int | None = None
) -> Measured:
    """Runs one stage in a child process.

    Args:
        stage: What to do.
        arguments: Keyword arguments of the stage in `ezkl_child`, as JSON values.
        timeout_s: Seconds after which the child and everything that it started are killed.
        memory_limit_bytes: Most address space that the child may take; None for no limit.

    Raises:
        EzklTimeoutError: the time was not enough.
        EzklMemoryError: the memory was not enough.
        DiskFullError: there was no room for a file.
        EzklCrashedError: the child ended without an answer.
        EzklFailedError: ezkl refused.
    """
    request = json.dumps(
        {"parent": os.getpid(), "arguments": arguments, "memory_limit_bytes": memory_limit_bytes}
    )
    command = [sys.executable, "-m", CHILD_MODULE, stage]
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="veritally-ezkl-") as home:
        answer, last_words, exit_code = _run(command, request, _environment(home), stage, timeout_s)
    elapsed_s = time.monotonic() - started
    if not answer.endswith("\n"):
        if any(text in last_words for text in _NO_MEMORY):
            raise EzklMemoryError(stage.value, memory_limit_bytes)
        raise EzklCrashedError(stage.value, exit_code, elapsed_s, last_words)
    content = json.loads(answer)
    if "error" in content:
        raise _failure(stage, elapsed_s, content["error"], last_words, memory_limit_bytes)
    return Measured(content["result"], content["cpu_s"], content["peak_memory_bytes"])


def _failure(
    stage: Stage, elapsed_s: float, problem: str, last_words: str, memory_limit_bytes: int | None
) -> EzklError:
    if _NO_SPACE in problem or _NO_SPACE in last_words:
        return DiskFullError(stage.value)
    if any(text in problem for text in _NO_MEMORY):
        return EzklMemoryError(stage.value, memory_limit_bytes)
    return EzklFailedError(stage.value, elapsed_s, problem, last_words)


def _run(
    command: Sequence[str], request: str, environment: Mapping[str, str], stage: Stage, timeout_s: float
) -> tuple[str, str, int]:
    """Output, end of the error output, and exit code. Nothing of the process group outlives the call."""
    child = subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        output, error_output = child.communicate(request, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise EzklTimeoutError(stage.value, timeout_s, _TIMEOUT_FIX[stage]) from None
    finally:
        _kill_group(child)
    return output, error_output.strip()[-LAST_WORDS_CHARACTERS:], child.returncode


def _kill_group(child: subprocess.Popen[str]) -> None:
    """Kills what is left of the child's process group, and reaps the child."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream is not None:
                stream.close()


def _environment(home: str) -> dict[str, str]:
    """Nothing of ours that could be secret, an empty home, and no way to the network."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    proxies = dict.fromkeys(("ALL_PROXY", "HTTP_PROXY", "HTTPS_PROXY"), _CLOSED_PORT)
    return {
        **inherited,
        **_THREADS,
        **proxies,
        "HOME": home,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
