"""The child process of `ezkl_process`: does one stage, and answers with one line of JSON.

`python -m prover.zkml.ezkl_child STAGE`, with `{"parent": process id, "arguments": {…}}` on standard input. A
proof tells each of its steps in a line before the answer.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import ezkl

from prover.zkml.ezkl_process import ProofStep, Stage
from veritally.processes import die_with_parent

NO_COMPILER = "svm error"
"""ezkl wants a compiler of its own after it has written the verifier; we have ours."""

_BUFFER_BYTES: Final = 2**16
"""More than ezkl collects before it writes."""


def rows(network: str, output: str, knobs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """For each set of knobs the number of rows and whether there are tables, or an `error`."""
    return [_rows(network, output, item) for item in knobs]


def _rows(network: str, output: str, knobs: Mapping[str, Any]) -> dict[str, Any]:
    try:
        settings(network, output, knobs)
    except BaseException as error:  # ezkl's panics are no Exception
        return {"error": f"{type(error).__name__}: {error}"}
    content = json.loads(Path(output).read_text(encoding="utf-8"))
    return {"rows": content["num_rows"], "tables": bool(content["required_lookups"])}


def accuracy(
    network: str, folder: str, knobs: Mapping[str, Any], sample: Sequence[Sequence[float]], constraints: bool
) -> dict[str, Any]:
    """The circuit's outputs (little-endian hex) for each input of the sample, without keys and proofs."""
    written, compiled, witness = (
        f"{folder}/settings.json",
        f"{folder}/model.compiled",
        f"{folder}/witness.json",
    )
    settings(network, written, knobs)
    compile_circuit(network, written, compiled)
    content = json.loads(Path(written).read_text(encoding="utf-8"))
    outputs, largest_lookup = [], 0
    for inputs in sample:
        made = ezkl.gen_witness(
            json.dumps({"input_data": [list(inputs)]}), compiled, witness, vk_path=None, srs_path=None
        )
        require_written(witness)
        if constraints:
            ezkl.mock(witness, compiled)
        outputs.append([word for words in made["outputs"] for word in words])
        largest_lookup = max(largest_lookup, made["max_lookup_inputs"], -made["min_lookup_inputs"])
    scales = content["model_output_scales"]
    return {"outputs": outputs, "output_scales": scales, "largest_lookup": largest_lookup}


def settings(network: str, output: str, knobs: Mapping[str, Any]) -> None:
    """Writes the circuit's settings, the same in every run.

    ezkl lists tables and ranges in any order, and the verifying key follows that order. The network has the
    batch size in its shapes.
    """
    args = ezkl.PyRunArgs()
    for name, value in knobs.items():
        if name == "batch_size":
            continue
        for target in ("input_scale", "param_scale") if name == "scale" else (name,):
            setattr(args, target, tuple(value) if isinstance(value, list) else value)
    ezkl.gen_settings(network, output, py_run_args=args)
    require_written(output)
    content = json.loads(Path(output).read_text(encoding="utf-8"))
    for name in ("required_lookups", "required_range_checks"):
        content[name].sort(key=json.dumps)
    content["timestamp"] = 0
    Path(output).write_text(json.dumps(content, sort_keys=True) + "\n", encoding="utf-8")


def compile_circuit(network: str, settings: str, output: str) -> None:
    """Writes the compiled circuit."""
    ezkl.compile_circuit(network, output, settings)
    require_written(output)


def development_srs(output: str, logrows: int) -> None:
    """Writes an SRS from this machine's randomness."""
    ezkl.gen_srs(output, logrows)
    require_written(output)


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
    require_written(verifying_key, proving_key)


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
    require_written(output)


def prove(
    inputs: Sequence[float],
    compiled: str,
    settings: str,
    verifying_key: str,
    proving_key: str,
    srs: str,
    folder: str,
    committed_words: Sequence[str] | None,
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """A proof and its instances (little-endian hex), verified: ezkl itself does not check what it proves.

    With `committed_words` also the commitment to them, computed apart from the proof.
    """
    witness, proof = f"{folder}/witness.json", f"{folder}/proof.json"
    data = json.dumps({"input_data": [list(inputs)]})
    tell(ProofStep.WITNESS)
    ezkl.gen_witness(data, compiled, witness, vk_path=verifying_key, srs_path=srs)
    require_written(witness)
    tell(ProofStep.PROOF)
    ezkl.prove(witness, compiled, proving_key, proof, srs_path=srs)
    require_written(proof)
    tell(ProofStep.VERIFICATION)
    if ezkl.verify(proof, settings, verifying_key, srs_path=srs, reduced_srs=False) is not True:
        raise RuntimeError("the proof does not verify")
    content = json.loads(Path(proof).read_text(encoding="utf-8"))
    (instances,) = content["instances"]
    result = {"proof": bytes(content["proof"]).hex(), "instances": instances}
    if committed_words is None:
        return result
    return result | {"commitment": commit(committed_words, verifying_key, settings, srs)}


def verify(
    proof: str, instances: Sequence[str], settings: str, verifying_key: str, srs: str, folder: str
) -> bool:
    """That a proof (hex) of these instances (little-endian hex) verifies; any other is an error."""
    written = Path(folder) / "proof.json"
    content = {"proof": list(bytes.fromhex(proof)), "instances": [list(instances)]}
    written.write_text(json.dumps(content), encoding="utf-8")
    if ezkl.verify(str(written), settings, verifying_key, srs_path=srs, reduced_srs=False) is not True:
        raise RuntimeError("the proof does not verify")
    return True


def commit(words: Sequence[str], verifying_key: str, settings: str, srs: str) -> str:
    """Hex of the point that commits to words (little-endian hex), as it stands in a proof."""
    points = ezkl.kzg_commit(list(words), verifying_key, settings, srs_path=srs)
    if len(points) != 1:
        raise ValueError(f"{len(words)} inputs need {len(points)} commitments; raise logrows until it is one")
    (point,) = points
    # ezkl's type stubs leave the coordinates out
    return "".join(bytes.fromhex(getattr(point, name))[::-1].hex() for name in ("x", "y"))


def require_written(*paths: str) -> None:
    """Checks that there was room for the ends of files: ezkl does not tell when it cannot write them.

    Raises:
        OSError: there is no room for one more buffer.
    """
    for path in paths:
        with Path(path).open("r+b") as file:
            size = file.seek(0, os.SEEK_END)
            try:
                file.write(bytes(_BUFFER_BYTES))
                file.flush()
            finally:
                os.truncate(path, size)


STAGES: Final[Mapping[Stage, Callable[..., object]]] = {
    Stage.ROWS: rows,
    Stage.ACCURACY: accuracy,
    Stage.SETTINGS: settings,
    Stage.COMPILE: compile_circuit,
    Stage.DEVELOPMENT_SRS: development_srs,
    Stage.SETUP: setup,
    Stage.VERIFIER: verifier,
    Stage.PROVE: prove,
    Stage.VERIFY: verify,
    Stage.COMMIT: commit,
}


def _usage() -> dict[str, float | int]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_s": used.ru_utime + used.ru_stime, "peak_memory_bytes": _peak_memory_bytes(used.ru_maxrss)}


def _peak_memory_bytes(reported: int) -> int:
    """Most memory that this program had; Linux reports that of whoever started it where it was more."""
    if sys.platform == "darwin":
        return reported
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return reported * 1024


def main() -> None:
    """Answers on standard output, where nothing else may write; ends without the interpreter's clean-up."""
    die_with_parent()
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(content: Mapping[str, Any]) -> None:
        answer.write(json.dumps(content) + "\n")
        answer.flush()

    request = json.load(sys.stdin)
    if os.getppid() != request["parent"]:
        os._exit(1)  # the parent died before the kernel was told to watch it
    limit_bytes = request["memory_limit_bytes"]
    resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    stage, arguments = Stage(sys.argv[1]), request["arguments"]
    if stage is Stage.PROVE:
        arguments["tell"] = lambda step: say({"step": step})
    try:
        content = {"result": STAGES[stage](**arguments), **_usage()}
    except BaseException as error:  # ezkl's panics are no Exception
        content = {"error": f"{type(error).__name__}: {error}"}
    sys.stderr.flush()
    say(content)
    os._exit(0)


if __name__ == "__main__":
    main()
