"""The child process of `ezkl_process`: does one stage and answers with one line of JSON.

`python -m prover.zkml.ezkl_child STAGE`, with `{"parent": process id, "arguments": {…}}` on standard input.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import ezkl

from prover.zkml.ezkl_process import Stage
from veritally.processes import die_with_parent

NO_COMPILER = "svm error"
"""ezkl wants a compiler of its own after it has written the verifier; we have ours."""


def settings(network: str, output: str, knobs: Mapping[str, Any]) -> None:
    """Writes the circuit's settings."""
    args = ezkl.PyRunArgs()
    for name, value in knobs.items():
        for target in ("input_scale", "param_scale") if name == "scale" else (name,):
            setattr(args, target, value)
    ezkl.gen_settings(network, output, py_run_args=args)


def compile_circuit(network: str, settings: str, output: str) -> None:
    """Writes the compiled circuit."""
    ezkl.compile_circuit(network, output, settings)


def development_srs(output: str, logrows: int) -> None:
    """Writes an SRS from this machine's randomness."""
    ezkl.gen_srs(output, logrows)


def setup(compiled: str, srs: str, verifying_key: str, proving_key: str) -> None:
    """Writes the keys."""
    ezkl.setup(
        compiled,
        verifying_key,
        proving_key,
        srs_path=srs,
        witness_path=None,
        disable_selector_compression=False,
    )


def verifier(verifying_key: str, settings: str, srs: str, output: str) -> None:
    """Writes the Solidity verifier."""

    async def create() -> None:
        await ezkl.create_evm_verifier(
            verifying_key, settings, output, f"{output}.abi", srs_path=srs, reusable=False
        )

    try:
        asyncio.run(create())
    except RuntimeError as error:
        if NO_COMPILER not in str(error) or not Path(output).is_file():
            raise


def prove(
    inputs: Sequence[float],
    compiled: str,
    settings: str,
    verifying_key: str,
    proving_key: str,
    srs: str,
    folder: str,
) -> dict[str, Any]:
    """A proof and its instances (little-endian hex), verified: ezkl itself does not check what it proves."""
    witness, proof = f"{folder}/witness.json", f"{folder}/proof.json"
    data = json.dumps({"input_data": [list(inputs)]})
    ezkl.gen_witness(data, compiled, witness, vk_path=verifying_key, srs_path=srs)
    ezkl.prove(witness, compiled, proving_key, proof, srs_path=srs)
    if ezkl.verify(proof, settings, verifying_key, srs_path=srs, reduced_srs=False) is not True:
        raise RuntimeError("the proof does not verify")
    content = json.loads(Path(proof).read_text(encoding="utf-8"))
    (instances,) = content["instances"]
    return {"proof": bytes(content["proof"]).hex(), "instances": instances}


STAGES: Final[Mapping[Stage, Callable[..., object]]] = {
    Stage.SETTINGS: settings,
    Stage.COMPILE: compile_circuit,
    Stage.DEVELOPMENT_SRS: development_srs,
    Stage.SETUP: setup,
    Stage.VERIFIER: verifier,
    Stage.PROVE: prove,
}


def main() -> None:
    """Answers on standard output, where nothing else may write; ends without the interpreter's clean-up."""
    die_with_parent()
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.load(sys.stdin)
    if os.getppid() != request["parent"]:
        os._exit(1)  # the parent died before the kernel was told to watch it
    try:
        content = {"result": STAGES[Stage(sys.argv[1])](**request["arguments"])}
    except BaseException as error:  # ezkl's panics are no Exception
        content = {"error": f"{type(error).__name__}: {error}"}
    answer.write(json.dumps(content) + "\n")
    answer.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
