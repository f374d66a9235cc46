"""Who takes part in a synthetic world: payers, provers and models, and those among them with a role.

Everything is drawn from the seed. docs/world.md says why each of them is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from eth_abi.abi import encode
from eth_utils.crypto import keccak
from numpy.typing import NDArray
from world_scenario import Scenario, Trend

HONEST_PROVERS = 24
DEVELOPMENT_PROVER, UNBOUND_PROVER, EURO_PROVER, EIGHTEEN_DECIMALS_PROVER = 3, 6, 5, 8
"""Honest provers: with development enclaves, with unbound TEE results, and two with other tokens."""
FRONT_PROVER = 10
"""An honest-looking prover whose income goes to one of its payers."""
RING_PROVER, CAPTIVE_PROVER, SELF_PROVER, OWNER_PROVER = range(HONEST_PROVERS, HONEST_PROVERS + 4)
PROVERS = HONEST_PROVERS + 4

RING_SIZE = 12
CAPTIVE_SIZE = 2
NOBODY = 0
"""Index of the payer of free inferences: the zero address."""

MODELS_PER_PROVER = 3
SLOTS = 3
"""Pairs of prover and model that a payer uses."""
_CALLS_SHAPE, _MOST_CALLS = 1.1, 3_000.0
_MOST_LIFE_WEEKS = 60
_STARTS_LATER = 0.5
_SWITCHERS_BEGIN = 2
_UP, _DOWN = 0.7, 0.3


class Model(NamedTuple):
    """A registered model."""

    name: str
    price_micros: int
    """Of a signed inference, in millionths of the token."""
    has_circuit: bool

    @property
    def owner(self) -> bytes:
        """Address."""
        return keccak(text=f"model owner {self.name}")[12:]

    @property
    def weights_hash(self) -> bytes:
        """Of the model's file."""
        return keccak(text=f"weights {self.name}")

    @property
    def id(self) -> bytes:
        """As the registry makes it."""
        return bytes(keccak(encode(("address", "bytes32"), (self.owner, self.weights_hash))))

    @property
    def measurement(self) -> bytes:
        """Hash of the code that its enclaves run."""
        return bytes(keccak(b"measurement" + self.id))

    @property
    def uri(self) -> str:
        """As its owner registered it."""
        return f"https://models.example/{self.name}"


_HOSTILE = """"><script>document.title="owned"</script><img src=x onerror=alert(1)>"""
MODELS = (
    Model("chat-8b", 900, has_circuit=False),
    Model("iris-mlp", 400, has_circuit=True),
    Model("chat-70b", 6_500, has_circuit=False),
    Model("digits-cnn", 700, has_circuit=True),
    Model("credit-score-mlp", 1_200, has_circuit=True),
    Model("code-14b", 2_400, has_circuit=False),
    Model("price-gru", 1_500, has_circuit=True),
    Model(_HOSTILE, 800, has_circuit=True),
    Model("toxicity-small", 300, has_circuit=True),
    Model("embedding-base", 120, has_circuit=False),
    Model("house-model", 2_000, has_circuit=True),
)
HOSTILE_MODEL = 7
CONTRADICTED_MODEL = 6
"""Two outputs for one input were shown: its circuit is stopped."""
RING_MODEL = 1
OWNER_MODEL = len(MODELS) - 1
"""Served by one prover only, and paid by who registered it."""


class Asset(NamedTuple):
    """A token."""

    name: str
    decimals: int

    @property
    def address(self) -> bytes:
        """Where it is."""
        return keccak(text=f"token {self.name}")[12:]


ASSETS = (Asset("usd", 6), Asset("eur", 6), Asset("dollar with eighteen decimals", 18))
ASSET_OF_PROVER = np.zeros(PROVERS, np.int64)
ASSET_OF_PROVER[[EURO_PROVER, EIGHTEEN_DECIMALS_PROVER]] = 1, 2


@dataclass(frozen=True)
class People:
    """Everybody, by index; `ordinary` payers are those without a role."""

    payers: tuple[bytes, ...]
    """Addresses: nobody, the ordinary ones, then those with a role, in the order of the properties below."""
    provers: tuple[bytes, ...]
    ordinary: int
    rates: NDArray[np.float64]
    """Per ordinary payer and week: how many inferences, up to a factor."""
    strong: NDArray[np.float64]
    """Per ordinary payer and week: the chance that an inference is of a strong tier."""
    zkml: NDArray[np.float64]
    """Per ordinary payer: the chance that a strong one is zkML."""
    slots: NDArray[np.int64]
    """Per ordinary payer: `SLOTS` pairs of prover and model."""
    served: NDArray[np.int64]
    """Per prover: `MODELS_PER_PROVER` models."""

    @property
    def whale(self) -> int:
        """Index of the payer who buys more than anybody else."""
        return self.ordinary + 1

    @property
    def ring(self) -> range:
        """Indexes of the payers who get their money back."""
        return range(self.whale + 1, self.whale + 1 + RING_SIZE)

    @property
    def captives(self) -> range:
        """Indexes of the only payers of one prover."""
        return range(self.ring.stop, self.ring.stop + CAPTIVE_SIZE)

    @property
    def oneself(self) -> int:
        """Index of the payer who is the prover, too."""
        return self.captives.stop

    @property
    def owner(self) -> int:
        """Index of the payer who registered the only model of a prover."""
        return self.oneself + 1

    @property
    def front(self) -> int:
        """Index of the payer who gets what a prover earns."""
        return self.owner + 1


def make_people(scenario: Scenario, chance: np.random.Generator) -> People:
    """Everybody in a world."""
    provers = tuple(_address(f"prover {number}", scenario) for number in range(PROVERS))
    named = [f"payer {number}" for number in range(scenario.payers)]
    named += [
        "whale",
        *(f"ring {n}" for n in range(RING_SIZE)),
        *(f"captive {n}" for n in range(CAPTIVE_SIZE)),
    ]
    known = (provers[SELF_PROVER], MODELS[OWNER_MODEL].owner, _address("front", scenario))
    payers = (bytes(20), *(_address(name, scenario) for name in named), *known)
    served = np.array([_some_models(chance) for _ in range(PROVERS)])
    return People(
        payers,
        provers,
        scenario.payers,
        _rates(scenario, chance),
        _strong(scenario, chance),
        chance.beta(0.8, 1.6, scenario.payers),
        _slots(scenario.payers, served, chance),
        served,
    )


def _address(name: str, scenario: Scenario) -> bytes:
    return bytes(keccak(text=f"{name} of world {scenario.seed}")[12:])


def _some_models(chance: np.random.Generator) -> NDArray[np.int64]:
    """Popular models are served by more provers."""
    popularity = 1 / np.arange(1, OWNER_MODEL + 1)
    return chance.choice(OWNER_MODEL, MODELS_PER_PROVER, replace=False, p=popularity / popularity.sum())


def _rates(scenario: Scenario, chance: np.random.Generator) -> NDArray[np.float64]:
    """Heavy-tailed: Pareto, with a life of some weeks each, in a network that doubles."""
    count, weeks = scenario.payers, scenario.weeks
    calls = np.minimum(1 + chance.pareto(_CALLS_SHAPE, count), _MOST_CALLS)
    starts = np.where(chance.random(count) < _STARTS_LATER, chance.integers(0, weeks, count), 0)
    ends = starts + chance.integers(2, _MOST_LIFE_WEEKS, count)
    week = np.arange(weeks + 1)
    alive = (week >= starts[:, None]) & (week < ends[:, None])
    growth = 1 + week / weeks
    growth[-1] *= 2 / 7  # two days
    rates: NDArray[np.float64] = calls[:, None] * alive * growth
    return rates


def _strong(scenario: Scenario, chance: np.random.Generator) -> NDArray[np.float64]:
    """Each payer has a share of strong tiers of its own, and some change it for good at some time.

    In a flat world those who go up and those who go down cancel out on average.
    """
    count, weeks = scenario.payers, scenario.weeks
    shape, up, down = {
        Trend.GROWING: ((0.4, 1.6), 0.60, 0.04),
        Trend.FLAT: ((0.4, 1.6), 0.08, 0.32),
        Trend.SHRINKING: ((0.8, 0.8), 0.02, 0.70),
    }[scenario.trend]
    share = chance.beta(*shape, count)
    drawn = chance.random(count)
    after = np.select([drawn < up, drawn < up + down], [share + _UP * (1 - share), share * _DOWN], share)
    switches = chance.integers(_SWITCHERS_BEGIN, weeks + 1, count)
    week = np.arange(weeks + 1)
    return np.where(week < switches[:, None], share[:, None], after[:, None])


def _slots(count: int, served: NDArray[np.int64], chance: np.random.Generator) -> NDArray[np.int64]:
    """Pairs of prover and model; the first provers are the popular ones."""
    popularity = 1 / np.arange(2, HONEST_PROVERS + 2)
    provers = chance.choice(HONEST_PROVERS, (count, SLOTS), p=popularity / popularity.sum())
    models = served[provers, chance.integers(0, MODELS_PER_PROVER, (count, SLOTS))]
    return np.stack([provers, models], axis=2)
