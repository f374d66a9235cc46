"""What is sent to the workers of a cluster: requests, and the files that they lack."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Mapping
from importlib.metadata import version
from typing import Final

from distributed import Client

from prover.workers.errors import WorkerFailedError, WorkerInputError, WorkerLostError
from prover.workers.files import CircuitFiles
from prover.workers.remote import list_missing, take_part
from prover.zkml.proof_pool import ProofJob
from prover.zkml.prove import fill_slots, memory_limit_bytes, prove_arguments

_PART_BYTES: Final = 8 * 2**20

_log = logging.getLogger("veritally.prover.cluster")


class Parcels:
    """Files on their way. One worker is sent one file after the other."""

    def __init__(self) -> None:
        self._sending: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def send(self, client: Client, worker: str, files: CircuitFiles, digests: list[str]) -> None:
        """Sends files to a worker that lacks them, unless another proof of ours has sent them by now.

        Raises:
            WorkerLostError: the worker is gone, or its disk is full.
        """
        started = time.monotonic()
        with self._sending[worker]:
            try:
                missing = client.run(list_missing, digests, workers=[worker])[worker]
                for digest in missing:
                    _send_file(client, worker, files, digest)
            except Exception as error:  # the worker is gone, or its disk is full
                raise WorkerLostError(
                    f"worker {worker} took no files: {type(error).__name__}: {error}"
                ) from None
        if missing:
            _log.info("sent %d files to %s in %.1f s", len(missing), worker, time.monotonic() - started)


def request_of(job: ProofJob, files: CircuitFiles) -> bytes:
    """What a worker is asked: numbers, and the names of files that it has."""
    arguments = prove_arguments(job.circuit, fill_slots(job.circuit, job.batch))
    content = {
        "id": uuid.uuid4().hex,
        "ezkl": version("ezkl"),
        "files": dict(files.sha256),
        "arguments": {name: value for name, value in arguments.items() if name not in files.sha256},
        "timeout_s": job.timeout_s,
        "memory_limit_bytes": memory_limit_bytes(job.circuit),
    }
    return json.dumps(content).encode()


def error_of(worker: str, error: Mapping[str, str]) -> Exception:
    """What a worker told that went wrong."""
    if error["kind"] == "input":
        return WorkerInputError(error["message"])
    if error["kind"] == "lost":
        return WorkerLostError(f"worker {worker}: {error['message']}")
    return WorkerFailedError(worker, error["message"])


def _send_file(client: Client, worker: str, files: CircuitFiles, digest: str) -> None:
    path, transfer = files.path_of(digest), uuid.uuid4().hex
    with path.open("rb") as file:
        left_bytes = path.stat().st_size
        while True:
            part = file.read(_PART_BYTES)
            left_bytes -= len(part)
            client.run(take_part, digest, transfer, part, left_bytes <= 0, workers=[worker])
            if left_bytes <= 0:
                return
