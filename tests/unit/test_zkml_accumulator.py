from __future__ import annotations

import re

import pytest

from prover.errors import VerifierSourceError
from prover.zkml.accumulator import make_accumulator
from prover.zkml.empty_points import skip_empty_points
from prover.zkml.instance_sum import replace_once
from prover.zkml.pairing_source import find_key_steps
from prover.zkml.verifier_source import GUARD, add_guard

G2 = (
    0x198E9393920D483A7260BFB731FB5D25F1AA493335A9E71297E485B7AEF312C2,
    0x1800DEEF121F1E76426A00665E5C4479674322D4F75EDADD46DEBD5CD992F6ED,
    0x090689D0585FF075EC9E99AD690C3395BC4B313370B38EF355ACDADCD122975B,
    0x12C85EA5DB8C6DEB4AAB71808DCB408FE3D1E7690C43D37B4CE6CC0166FA7DAA,
)
SRS_WORDS = {
    "has_accumulator": 0,
    "g1_x": 1,
    "g1_y": 2,
    **dict(zip(("g2_x_1", "g2_x_2", "g2_y_1", "g2_y_2"), G2, strict=True)),
    **{f"neg_s_g2_{name}": 0x51 + index for index, name in enumerate(("x_1", "x_2", "y_1", "y_2"))},
}
STEP = """                    success := ec_mul_acc(success, mload(ZETA_MPTR))
                    success := ec_add_acc(success, {x}, {y})
"""
LOOP = """                    for
                        {{
                            let mptr := {first:#06x}
                            let mptr_end := {end:#06x}
                        }}
                        lt(mptr_end, mptr)
                        {{ mptr := sub(mptr, 0x40) }}
                    {{
                        success := ec_mul_acc(success, mload(ZETA_MPTR))
                        success := ec_add_acc(success, {load}(mptr), {load}(add(mptr, 0x20)))
                    }}
"""
GENERATOR = """                    mstore(0x80, mload(G1_X_MPTR))
                    mstore(0xa0, mload(G1_Y_MPTR))
                    success := ec_mul_tmp(success, sub(R, mload(R_EVAL_MPTR)))
                    success := ec_add_acc(success, mload(0x80), mload(0xa0))
"""
KEY_ADDRESS = 0x0840
POINTS = ((11, 12), (0, 0), (0, 0), (21, 22), (31, 32))
CALLDATA_LOOP = LOOP.format(first=0x0124, end=0x0064, load="calldataload")
PROOF_STEP = STEP.format(x="calldataload(0x64)", y="calldataload(0x84)")


def generate(points: tuple[tuple[int, int], ...] = POINTS, after: str = PROOF_STEP) -> str:
    """The parts of a verifier that matter here, as ezkl 23.0.5 generates them."""
    words = "".join(
        f"                mstore(0x0100, {value:#066x}) // {name}\n" for name, value in SRS_WORDS.items()
    )
    for index, (x, y) in enumerate(points):
        at = KEY_ADDRESS + 0x40 * index
        words += f"                mstore({at:#06x}, {x:#066x}) // fixed_comms[{index}].x\n"
        words += f"                mstore({at + 0x20:#06x}, {y:#066x}) // fixed_comms[{index}].y\n"
    end = KEY_ADDRESS - 0x40
    loop = LOOP.format(first=end + 0x40 * len(points), end=end, load="mload")
    quotient = STEP.format(x="mload(QUOTIENT_X_MPTR)", y="mload(QUOTIENT_Y_MPTR)")
    return f"""contract Halo2Verifier {{
    function verifyProof(
        bytes calldata proof,
        uint256[] calldata instances
    ) public returns (bool) {{
        assembly {{
            // Initialize success as true
            let success := true
{words}
            // Compute pairing lhs and rhs
            {{
                {{
                    let nu := mload(NU_MPTR)
                    mstore(0x00, calldataload(0x02a4))
                    mstore(0x20, calldataload(0x02c4))
{quotient}{loop}{after}                    mstore(0x80, calldataload(0xe4))
                    success := ec_mul_tmp(success, nu)
{GENERATOR}                }}
            }}

            // Random linear combine with accumulator
            // Perform pairing
            success := ec_pairing(
                success
            )
            mstore(0x00, 1)
            return(0x00, 0x20)
        }}
    }}
}}"""


def test_finds_the_points_and_what_follows() -> None:
    steps = find_key_steps(generate(after=CALLDATA_LOOP + PROOF_STEP))
    expected = [(KEY_ADDRESS + 0x40 * index, point) for index, point in enumerate(POINTS)]
    assert (steps.points, steps.steps_after) == (tuple(reversed(expected)), 4)


def key_step(index: int) -> str:
    at = KEY_ADDRESS + 0x40 * index
    return STEP.format(x=f"mload({at:#06x})", y=f"mload({at + 0x20:#06x})")


def reorder(source: str) -> str:
    """The points 0 to 2 in another order, as where a lookup is."""
    source = replace_once(
        source, f"let mptr_end := {KEY_ADDRESS - 0x40:#06x}", f"let mptr_end := {KEY_ADDRESS + 0x80:#06x}"
    )
    return replace_once(source, PROOF_STEP, key_step(1) + key_step(0) + key_step(2) + PROOF_STEP)


def test_finds_points_in_any_order() -> None:
    steps = find_key_steps(reorder(generate()))
    assert [POINTS.index(point) for _, point in steps.points if point != (0, 0)] == [4, 3, 0]
    assert [(address - KEY_ADDRESS) // 0x40 for address, _ in steps.points] == [4, 3, 1, 0, 2]
    assert steps.steps_after == 1


def run_steps(text: str) -> dict[int, int]:
    """Exponent of zeta of each point in memory, by its address, after the steps of `text`.

    The address 0 stands for the sum before them.
    """
    exponents = {0: 0}
    tokens = re.compile(
        r"let mptr := (?P<first>0x\w+)\s+let mptr_end := (?P<end>0x\w+)"
        r"|^ {20}success := ec_mul_acc\(success, (?P<power>.*)\)$"
        r"|^ {20}success := ec_add_acc\(success, mload\((?P<point>0x\w+)\), ",
        re.MULTILINE,
    )
    for token in tokens.finditer(text):
        if token["power"]:
            times = token["power"].count("ZETA_MPTR")
            exponents = {at: exponent + times for at, exponent in exponents.items()}
        elif token["point"]:
            exponents[int(token["point"], 16)] = 0
        else:
            for at in range(int(token["first"], 16), int(token["end"], 16), -0x40):
                exponents = {known: exponent + 1 for known, exponent in exponents.items()}
                exponents[at] = 0
    return exponents


@pytest.mark.parametrize(
    "points",
    [
        POINTS,
        ((0, 0), (1, 2), (3, 4), (0, 0), (5, 6)),
        ((0, 0), (1, 2), (3, 4)),
        ((1, 2), (0, 0), (3, 4), (0, 0), (0, 0), (5, 6)),
        ((1, 2), (3, 4), (0, 0)),
        ((0, 0), (0, 0)),
    ],
)
def test_skipping_empty_points_keeps_every_power(points: tuple[tuple[int, int], ...]) -> None:
    for source in (generate(points), reorder(generate(points)) if len(points) > 4 else generate(points)):
        check_powers(source, points)


def check_powers(source: str, points: tuple[tuple[int, int], ...]) -> None:
    start, end = source.rindex("\n", 0, find_key_steps(source).start), source.index(PROOF_STEP)
    skipped = skip_empty_points(source)
    kept, expected = run_steps(skipped[start : skipped.index(PROOF_STEP)]), run_steps(source[start:end])
    full = {0} | {KEY_ADDRESS + 0x40 * index for index, point in enumerate(points) if point != (0, 0)}
    assert kept == {at: exponent for at, exponent in expected.items() if at in full}
    assert skipped[:start] == source[:start]


def test_a_key_without_empty_points_stays_as_it_is() -> None:
    source = generate(((1, 2), (3, 4)))
    assert skip_empty_points(source) == source


def test_the_accumulator_leaves_out_what_is_shared() -> None:
    verifier = add_guard(generate(after=CALLDATA_LOOP + PROOF_STEP))
    accumulator = make_accumulator(verifier)
    assert GUARD in accumulator
    for gone in ("verifyProof", "Halo2Verifier", "ec_pairing(", "G1_X_MPTR", "lt(mptr_end, mptr)\n    {"):
        assert gone not in accumulator
    assert "lt(i, 5)" in accumulator, "five points of the key, then a loop"
    assert "lt(i, 4)" in accumulator, "four steps after them"
    words = [0x51, 0x52, 0x53, 0x54, *(coordinate for point in POINTS for coordinate in point)]
    stores = [f"mstore({0x40 + 0x20 * index:#06x}, {word:#066x})" for index, word in enumerate(words)]
    assert [line.strip() for line in accumulator.splitlines() if line.strip() in stores] == stores


def test_the_step_after_the_key_is_part_of_the_same_multiplication() -> None:
    accumulator = make_accumulator(add_guard(generate()))
    assert "lt(i, 6)" in accumulator, "five points and the step"
    after = accumulator[accumulator.index("ec_mul_acc(success, zeta_power)") :]
    assert "ec_mul_acc(success, mload(ZETA_MPTR))" not in after


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("            // Compute pairing lhs and rhs\n", "", "found 0 times"),
        ("mload(mptr), mload(add(mptr, 0x20))", "mload(mptr), mload(add(mptr, 0x40))", "unknown step"),
        ("mptr := sub(mptr, 0x40)", "mptr := sub(mptr, 0x80)", "unknown step"),
        ("let mptr_end := 0x0800", "let mptr_end := 0x0840", "exactly the points"),
        ("let mptr := 0x0940", "let mptr := 0x0980", "exactly the points"),
        ("mstore(0x0860,", "mstore(0x0880,", "do not stand together"),
        ("// fixed_comms[0].x", "// fixed_comms[0].y", "mixed up"),
        ("// fixed_comms[4].y", "// other[4].y", "9 coordinates"),
        ("calldataload(0x64), calldataload(0x84)", "mload(0x64), mload(0x84)", "exactly the points"),
        ("calldataload(0x64), calldataload(0x84)", "mload(0x0840), mload(0x08a0)", "unknown step"),
        (PROOF_STEP, PROOF_STEP + key_step(0), "one after the other"),
        (PROOF_STEP, key_step(0) + PROOF_STEP, "exactly the points"),
        ("mstore(0x00, calldataload(0x02a4))", "mstore(0x00, mload(0x02a4))", "no sum of points"),
    ],
)
def test_unknown_sums_are_refused(old: str, new: str, problem: str) -> None:
    source = generate()
    assert source.count(old) == 1
    with pytest.raises(VerifierSourceError, match=problem):
        find_key_steps(source.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (f"{0:#066x}) // has_accumulator", f"{1:#066x}) // has_accumulator", "aggregates"),
        (f"{1:#066x}) // g1_x", f"{2:#066x}) // g1_x", "g1_x is not"),
        (f"{G2[3]:#066x}) // g2_y_2", f"{G2[2]:#066x}) // g2_y_2", "g2_y_2 is not"),
        ("// neg_s_g2_x_1", "// neg_s_g2_x_3", "names"),
        ("success := ec_mul_tmp(success, nu)", "success := ec_mul_acc(success, nu)", "multiplied again"),
        (GENERATOR, GENERATOR + GENERATOR, "found 2 times"),
        ("            return(0x00, 0x20)\n", "            return(0x00, 0x40)\n", "pairing"),
    ],
)
def test_unknown_verifiers_get_no_accumulator(old: str, new: str, problem: str) -> None:
    verifier = add_guard(generate())
    assert verifier.count(old) == 1
    with pytest.raises(VerifierSourceError, match=problem):
        make_accumulator(verifier.replace(old, new))


def test_only_guarded_verifiers_get_an_accumulator() -> None:
    with pytest.raises(VerifierSourceError):
        make_accumulator(generate())
    with pytest.raises(VerifierSourceError):
        make_accumulator(make_accumulator(add_guard(generate())))
