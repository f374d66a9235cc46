"""Undoes on a development chain what was done there."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from veritally.devnet import Devnet
from veritally.devnet.anvil import call_node


@contextmanager
def restored(devnet: Devnet) -> Iterator[None]:
    """When the block ends, the chain is as it was before. Its clock, which anvil sets back too, goes on.

    There is a fresh block to fork from: after hundreds of blocks anvil keeps the state of old ones without
    the contracts' code, and a reorganisation down to such a block has no contracts.
    """
    snapshot = call_node(devnet.chain, "evm_snapshot")
    call_node(devnet.chain, "evm_mine")
    yield
    assert call_node(devnet.chain, "evm_revert", snapshot) is True
    call_node(devnet.chain, "evm_setTime", int(time.time()))
