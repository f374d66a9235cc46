"""The committed locks work with whichever registry a machine is configured for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from veritally.devnet.parts import find_root

ROOT = find_root(None)
NODE_LOCKS = ("package-lock.json", "tests/clients/package-lock.json")


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys(inner)


@pytest.mark.parametrize("path", NODE_LOCKS)
def test_node_locks_pin_contents_and_name_no_registry(path: str) -> None:
    lock = json.loads((ROOT / path).read_text(encoding="utf-8"))
    packages = [entry for name, entry in lock["packages"].items() if name]
    assert packages
    assert all(entry["integrity"].startswith("sha512-") for entry in packages)
    assert "resolved" not in set(keys(lock))
