"""What `veritally model build` shows: the circuits that came into question."""

from __future__ import annotations

from rich.table import Table

from prover.zkml.build import Built
from prover.zkml.frontier import Option
from prover.zkml.package import COMMITTED

_COLUMNS = (
    "",
    "batch",
    "inputs",
    "k",
    "columns",
    "Freivalds",
    "scale",
    "max error",
    "verify gas",
    "transaction gas",
    "per inference",
    "CPU s",
    "MB",
    "contract B",
)


def frontier_table(built: Built) -> Table:
    """All circuits for one inference that were set up, and those for several."""
    table = Table(*_COLUMNS)
    for option in (*built.options, *built.batches):
        table.add_row("chosen" if option in built.circuits else "", *_cells(option))
    return table


def _cells(option: Option) -> tuple[str, ...]:
    knobs, circuit = option.candidate.knobs, option.circuit
    return (
        str(knobs.batch_size),
        "committed" if knobs.input_visibility == COMMITTED else "public",
        str(knobs.logrows),
        str(knobs.num_inner_cols),
        "no" if knobs.disable_freivalds else "yes",
        str(knobs.scale),
        f"{option.candidate.max_error:.2g}",
        f"{circuit.predicted_verify_gas:,}",
        f"{option.transaction_gas:,}",
        f"{option.transaction_gas // knobs.batch_size:,}",
        f"{circuit.estimated_prove_cpu_s:.2f}",
        f"{circuit.estimated_prove_memory_bytes / 2**20:.0f}",
        f"{circuit.verifier_runtime_bytes:,}",
    )
