"""What the prover service, the indexer and the commands refuse."""

from __future__ import annotations

from refusal import PYTEST, Refusal

SERVICE = (*PYTEST, "tests/integration/test_prover_refuses.py")

CHECKS = (
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
        "values = require_inputs(numbers, package.input_size)",
        "values = require_inputs(numbers, len(numbers))",
        SERVICE,
    ),
    Refusal(
        "unknown model at the door",
        "prover/door/directory.py",
        "handler = self._handlers.get((model_name, operation))\n",
        "handler = next(iter(self._handlers.values()))\n",
        SERVICE,
    ),
    Refusal(
        "weights in other files than the network's",
        "prover/zkml/package.py",
        "    if external:\n",
        "    if False:\n",
        (*PYTEST, "tests/unit/test_external_tensors.py"),
    ),
)
