"""Serves a synthetic world as JSON-RPC: `world_node.py FOLDER [options]` prints the port and goes on.

It writes `deployment.json` and `truth.json` into the folder first. Half of the history is shown, until
somebody calls `world_goOn`: then the last blocks are others, and the rest follows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from replay_chain import deployment
from replay_rpc import Node, serve
from world_chain import World, WorldChain, branches, make_world
from world_scenario import Scenario, Trend
from world_truth import truth_of

from veritally.processes import die_with_parent


class WorldNode(Node):
    """A node that reorganises once, when it is told to."""

    def __init__(self, world: World) -> None:
        seen, whole = branches(world)
        super().__init__(WorldChain(world, seen))
        self._whole = WorldChain(world, whole)

    def result(self, method: str, params: Sequence[Any]) -> list[bytes]:
        """The parts of the result of one request."""
        if method == "world_goOn":
            self._chain = self._whole
            return [b"true"]
        return super().result(method, params)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The fields of a scenario as options."""
    for field in fields(Scenario):
        kind = Trend if field.name == "trend" else int
        choices = list(Trend) if field.name == "trend" else None
        parser.add_argument(f"--{field.name}", type=kind, choices=choices, default=field.default)


def scenario_of(arguments: argparse.Namespace) -> Scenario:
    """The scenario that the options say."""
    return Scenario(**{field.name: getattr(arguments, field.name) for field in fields(Scenario)})


def main() -> None:
    """Makes the world and serves it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    add_options(parser)
    arguments = parser.parse_args()
    world = make_world(scenario_of(arguments))
    deployment().save(arguments.folder / "deployment.json")
    truth = json.dumps(truth_of(world), indent=1)
    (arguments.folder / "truth.json").write_text(truth + "\n", encoding="utf-8")
    asyncio.run(serve(WorldNode(world)))


if __name__ == "__main__":
    die_with_parent()
    main()
