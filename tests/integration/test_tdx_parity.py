"""The contracts accept no TDX quote that dcap-qvl does not accept, and few less."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from nitro_encoding import constraints, integer, usage
from tdx_judges import (
    DEBUG,
    FOLDER,
    MEASUREMENT,
    USER_DATA,
    Judges,
    read_collateral,
    run_judges,
    with_fields,
)
from tdx_lists import (
    MODULE,
    QE_IDENTITY,
    SGX_LEVEL,
    TCB_INFO,
    TDX_LEVEL,
    Signed,
    collateral_json,
    level,
    platform_level,
)
from tdx_pki import CA, LEAF, NOW_S, ROOT, Machine, encode, octets
from tdx_quote import Quote

from veritally.attestation import tdx
from veritally.attestation.collateral import Collateral
from veritally.attestation.errors import EncodingRefusedError

AT_S = 1750414563
QUOTE = (FOLDER / "tdx_quote.bin").read_bytes()
LISTS = read_collateral("tdx_quote")
CUT = 1_252
SAMPLES = 400
LIST_SAMPLES = 60
SCENARIOS = 80
PLACES = {
    "root_ca_crl": 0,
    "pck_crl": 1,
    "tcb_info": 2,
    "tcb_info_signature": 2,
    "qe_identity": 3,
    "qe_identity_signature": 3,
}
"""Which of the submissions holds a part of Intel's lists."""
STATUSES = ("UpToDate",) * 6 + ("OutOfDate", "SWHardeningNeeded", "Revoked")


@pytest.fixture(scope="module")
def intel() -> Iterator[Judges]:
    """Below Intel's root, with Intel's lists of that time."""
    root = tdx.parse(QUOTE).certificates[0]
    with run_judges(root, tdx.INTEL_ROOT, AT_S) as judges:
        assert judges.store(Collateral.from_json(LISTS))
        yield judges


@pytest.fixture(scope="module")
def own() -> Iterator[Judges]:
    """Below our own root."""
    root = encode(ROOT)
    with run_judges(root, sha256(root).digest(), NOW_S) as judges:
        yield judges


def require_within(judges: Judges, quote: bytes, lists: str) -> tuple[bool, bool]:
    """Both verdicts; the contracts' may only be the stricter one."""
    claims, other = judges.ask_contract(quote), judges.ask_other(quote, lists)
    assert claims is None or other or claims[DEBUG], quote.hex()
    return claims is not None, other


@pytest.mark.parametrize("name", ["tdx_quote", "flashtestations_quote"])
def test_real_quotes_are_accepted_with_the_claims_of_the_sdk(intel: Judges, name: str) -> None:
    quote = (FOLDER / f"{name}.bin").read_bytes()
    claims = intel.ask_contract(quote)
    expected = tdx.verify(quote, tdx.INTEL_ROOT, AT_S)
    assert intel.ask_other(quote, LISTS)
    assert claims is not None
    assert claims[:MEASUREMENT] == (expected.platform, expected.root)
    assert (claims[MEASUREMENT], claims[USER_DATA], claims[DEBUG]) == (
        expected.measurement,
        expected.user_data,
        False,
    )


@pytest.mark.parametrize("name", ["sgx_quote", "tdx_v5_quote"])
def test_other_quotes_are_refused(intel: Judges, name: str) -> None:
    assert intel.ask_contract((FOLDER / f"{name}.bin").read_bytes()) is None


def changed(content: bytes, at: int, chance: random.Random) -> bytes:
    return content[:at] + bytes([content[at] ^ chance.randrange(1, 256)]) + content[at + 1 :]


def judge_changes(judges: Judges, places: Iterator[int], chance: random.Random) -> Counter[tuple[bool, bool]]:
    """How often both judges gave which verdicts on the real quote with one byte changed."""
    seen: Counter[tuple[bool, bool]] = Counter()
    for at in places:
        quote = changed(QUOTE, at, chance)
        verdicts = require_within(judges, quote, LISTS)
        assert not (verdicts[0] and at < CUT), at
        seen[verdicts] += 1
    return seen


def test_sampled_changes_of_a_real_quote(intel: Judges) -> None:
    chance = random.Random(0)
    seen = judge_changes(intel, (chance.randrange(len(QUOTE)) for _ in range(SAMPLES)), chance)
    assert seen[False, False] > SAMPLES * 0.8


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_every_byte_of_a_real_quote(intel: Judges) -> None:
    judge_changes(intel, iter(range(len(QUOTE))), random.Random(1))


def changed_lists(name: str, at: int, chance: random.Random) -> str | None:
    """Intel's lists with one byte of one part changed, if it is still text."""
    part = json.loads(LISTS)[name]
    if name.endswith(("crl", "signature")):
        return with_fields(LISTS, **{name: changed(bytes.fromhex(part), at // 2, chance).hex()})
    try:
        return with_fields(LISTS, **{name: changed(part.encode(), at, chance).decode()})
    except UnicodeDecodeError:
        return None


def judge_lists(judges: Judges, lists: str) -> None:
    """Changed lists are refused, or are the same lists in other words."""
    try:
        collateral = Collateral.from_json(lists)
    except EncodingRefusedError:
        return
    with judges.undone():
        stored = judges.store(collateral)
        accepted = judges.ask_contract(QUOTE) is not None
    assert not (stored and accepted) or judges.ask_other(QUOTE, lists), lists


@pytest.fixture(scope="module")
def empty() -> Iterator[Judges]:
    """Below Intel's root, with nothing stored."""
    with run_judges(tdx.parse(QUOTE).certificates[0], tdx.INTEL_ROOT, AT_S) as judges:
        yield judges


def test_sampled_changes_of_real_lists(empty: Judges) -> None:
    chance = random.Random(2)
    names = sorted(json.loads(LISTS))
    for _ in range(LIST_SAMPLES):
        name = chance.choice(names)
        lists = changed_lists(name, chance.randrange(len(json.loads(LISTS)[name])), chance)
        if lists is not None:
            judge_lists(empty, lists)


@pytest.mark.slow
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(("name", "number"), PLACES.items())
def test_every_byte_of_real_lists(empty: Judges, name: str, number: int) -> None:
    """Each is submitted where only the revocations are stored that it needs."""
    chance = random.Random(3)
    step = 2 if name.endswith(("crl", "signature")) else 1
    good = empty.contracts.submissions(Collateral.from_json(LISTS))
    with empty.undone():
        assert all(empty.send(call) for call in good[: min(number, 2)])
        assert empty.would_store(good[number])
        for at in range(0, len(json.loads(LISTS)[name]), step):
            lists = changed_lists(name, at, chance)
            if lists is not None:
                call = empty.contracts.submissions(Collateral.from_json(lists))[number]
                assert not empty.would_store(call), (name, at)


def near(values: tuple[int, ...], chance: random.Random, change: int) -> tuple[int, ...]:
    """The same values, or one of them changed."""
    if chance.random() < 0.6:
        return values
    at = chance.randrange(len(values))
    return (*values[:at], max(0, values[at] + change), *values[at + 1 :])


def make_levels(chance: random.Random) -> list[dict[str, Any]]:
    levels: dict[tuple[Any, ...], dict[str, Any]] = {}
    for _ in range(chance.randrange(1, 5)):
        status = chance.choice(STATUSES)
        advisories = chance.choice(((),) * 8 + (("INTEL-SA-00001",),))
        sgx, least = near(SGX_LEVEL, chance, 1), near(TDX_LEVEL, chance, 1)
        pce = chance.choice((5, 10, 11, 11, 12))
        levels[sgx, pce, least] = platform_level(sgx, pce, least, status, *advisories)
    return [levels[key] for key in sorted(levels, reverse=True)]


def make_svn_levels(chance: random.Random, around: int) -> list[dict[str, Any]]:
    statuses = ("UpToDate",) * 6 + ("OutOfDate", "Revoked")
    svns = {chance.choice((around - 1, around, around, around + 1)) for _ in range(2)}
    return [level({"isvsvn": svn}, chance.choice(statuses)) for svn in sorted(svns, reverse=True)]


def make_scenario(chance: random.Random) -> tuple[Quote, str]:
    """A quote and lists that fit almost."""
    parts = near(Machine().components, chance, chance.choice((1, 1, -1)))
    machine = Machine(
        components=parts, cpu_svn=octets(bytes(parts)), pce_svn=integer(chance.choice((10, 11, 11, 12)))
    )
    leaf = replace(LEAF, extensions=(usage("06c0"), constraints(), machine.extension()))
    version = chance.choice((0, 1, 3, 3))
    svns = bytes((chance.choice((2, 3, 4, 5, 5, 6)), version, *near((2,) + (0,) * 13, chance, -1)))
    quote = Quote(chain=(ROOT, CA, leaf), tcb_svn=svns, qe_svn=chance.choice((3, 4, 4, 5)))
    modules = [
        {"id": f"TDX_{number:02X}", **MODULE, "tcbLevels": make_svn_levels(chance, 3)} for number in (3, 1)
    ]
    tcb = Signed(TCB_INFO, {"tdxModuleIdentities": modules, "tcbLevels": make_levels(chance)})
    identity = Signed(QE_IDENTITY, {"tcbLevels": make_svn_levels(chance, 4)})
    return quote, collateral_json(tcb, identity)


def judge_scenarios(judges: Judges, count: int, seed: int) -> Counter[bool]:
    """Both judges say the same of random machines and lists; how often they accept."""
    chance = random.Random(seed)
    seen: Counter[bool] = Counter()
    for _ in range(count):
        quote, lists = make_scenario(chance)
        with judges.undone():
            assert judges.store(Collateral.from_json(lists))
            ours, theirs = require_within(judges, quote.whole(), lists)
        assert ours == theirs, lists
        seen[ours] += 1
    return seen


def test_random_machines_and_lists(own: Judges) -> None:
    seen = judge_scenarios(own, SCENARIOS, 4)
    assert min(seen[True], seen[False]) >= SCENARIOS // 20, seen


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_many_random_machines_and_lists(own: Judges) -> None:
    judge_scenarios(own, 2_000, 5)
