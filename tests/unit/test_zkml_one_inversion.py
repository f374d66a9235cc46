from __future__ import annotations

import re

import pytest

from prover.errors import VerifierSourceError
from prover.zkml.instance_sum import replace_once
from prover.zkml.one_inversion import invert_once

GENERATED = """\
            // Add (x, y) into point at (0x00, 0x20).
            // Compute lagrange evaluations and instance evaluation
            {
                mstore(mptr_end, x_n_minus_1)
                mstore(add(mptr_end, 0x20), denominator)
                success := batch_invert(success, X_N_MPTR, add(mptr_end, 0x40))
                mstore(L_0_MPTR, l_0)
            }

            // Compute quotient evavluation
            {
                mstore(0x00, mulmod(beta, mload(X_MPTR), R))
                mstore(QUOTIENT_EVAL_MPTR, quotient_eval)
            }

            // Compute quotient commitment
            {
                mstore(0x00, calldataload(LAST_QUOTIENT_X_CPTR))
                success := ec_mul_acc(success, x_n)
                mstore(QUOTIENT_X_MPTR, mload(0x00))
            }

            // Compute pairing lhs and rhs
            {
                {
                    let x := mload(X_MPTR)
                    let omega := mload(OMEGA_MPTR)
                    let omega_inv := mload(OMEGA_INV_MPTR)
                    let x_pow_of_omega := mulmod(x, omega, R)
                    mstore(0x0160, x_pow_of_omega)
                    mstore(0x0140, x)
                    x_pow_of_omega := mulmod(x, omega_inv, R)
                    x_pow_of_omega := mulmod(x_pow_of_omega, omega_inv, R)
                    mstore(0x0120, x_pow_of_omega)
                }
                {
                    let mu := mload(MU_MPTR)
                    for
                        {
                            let mptr := 0x0180
                            let mptr_end := 0x01e0
                            let point_mptr := 0x0120
                        }
                        lt(mptr, mptr_end)
                        {
                            mptr := add(mptr, 0x20)
                            point_mptr := add(point_mptr, 0x20)
                        }
                    {
                        mstore(mptr, addmod(mu, sub(R, mload(point_mptr)), R))
                    }
                    let s
                    s := mload(0x01a0)
                    mstore(0x01e0, s)
                    let diff
                    diff := mload(0x0180)
                    diff := mulmod(diff, mload(0x01c0), R)
                    mstore(0x0200, diff)
                    mstore(0x00, diff)
                    diff := 1
                    mstore(0x0220, diff)
                }
                {
                    let point_1 := mload(0x0140)
                    let coeff
                    coeff := 1
                    coeff := mulmod(coeff, mload(0x01a0), R)
                    mstore(0x20, coeff)
                }
                {
                    let point_0 := mload(0x0120)
                    let point_1 := mload(0x0140)
                    let point_2 := mload(0x0160)
                    let coeff
                    coeff := addmod(point_0, sub(R, point_1), R)
                    coeff := mulmod(coeff, addmod(point_0, sub(R, point_2), R), R)
                    coeff := mulmod(coeff, mload(0x0180), R)
                    mstore(0x40, coeff)
                    coeff := addmod(point_1, sub(R, point_0), R)
                    coeff := mulmod(coeff, addmod(point_1, sub(R, point_2), R), R)
                    coeff := mulmod(coeff, mload(0x01a0), R)
                    mstore(0x60, coeff)
                    coeff := addmod(point_2, sub(R, point_0), R)
                    coeff := mulmod(coeff, addmod(point_2, sub(R, point_1), R), R)
                    coeff := mulmod(coeff, mload(0x01c0), R)
                    mstore(0x80, coeff)
                }
                {
                    success := batch_invert(success, 0, 0xa0)
                    let diff_0_inv := mload(0x00)
                    mstore(0x0200, diff_0_inv)
                    for
                        {
                            let mptr := 0x0220
                            let mptr_end := 0x0240
                        }
                        lt(mptr, mptr_end)
                        { mptr := add(mptr, 0x20) }
                    {
                        mstore(mptr, mulmod(mload(mptr), diff_0_inv, R))
                    }
                }
                {
                    let coeff := mload(0x20)
                    let r_eval := 0
                    r_eval := addmod(r_eval, mulmod(coeff, mload(QUOTIENT_EVAL_MPTR), R), R)
                    mstore(0x0240, r_eval)
                }
                {
                    let r_eval := 0
                    r_eval := addmod(r_eval, mulmod(mload(0x40), calldataload(0x0444), R), R)
                    r_eval := mulmod(r_eval, mload(0x0220), R)
                    mstore(0x0260, r_eval)
                }
                {
                    let sum := mload(0x20)
                    mstore(0x0280, sum)
                }
                {
                    let sum := mload(0x40)
                    sum := addmod(sum, mload(0x60), R)
                    sum := addmod(sum, mload(0x80), R)
                    mstore(0x02a0, sum)
                }
                {
                    for
                        {
                            let mptr := 0x00
                            let mptr_end := 0x40
                            let sum_mptr := 0x0280
                        }
                        lt(mptr, mptr_end)
                        {
                            mptr := add(mptr, 0x20)
                            sum_mptr := add(sum_mptr, 0x20)
                        }
                    {
                        mstore(mptr, mload(sum_mptr))
                    }
                    success := batch_invert(success, 0, 0x40)
                    let r_eval := mulmod(mload(0x20), mload(0x0260), R)
                    for
                        {
                            let sum_inv_mptr := 0x00
                            let sum_inv_mptr_end := 0x40
                            let r_eval_mptr := 0x0240
                        }
                        lt(sum_inv_mptr, sum_inv_mptr_end)
                        {
                            sum_inv_mptr := sub(sum_inv_mptr, 0x20)
                            r_eval_mptr := sub(r_eval_mptr, 0x20)
                        }
                    {
                        r_eval := mulmod(r_eval, mload(NU_MPTR), R)
                        r_eval := addmod(r_eval, mulmod(mload(sum_inv_mptr), mload(r_eval_mptr), R), R)
                    }
                    mstore(R_EVAL_MPTR, r_eval)
                }
                {
                    let nu := mload(NU_MPTR)
                }
            }
"""
"""The parts of a verifier that matter here, as ezkl generates them but for the sum over the instances."""

FIRST_SET = "coeff := 1\n                    coeff := mulmod(coeff, mload(0x01a0), R)"


def test_one_inversion_is_left() -> None:
    changed = invert_once(GENERATED)
    assert changed.count("batch_invert(") == 1
    # five words, then the products of two, three, four and five of them
    assert changed.count("multiply_up(0x00a0)") == changed.count("invert_down(0x00a0)") == 1
    assert changed.count("mstore(add(mptr_end, 0x40), mload(0x0100))") == 1


def test_inverses_of_sums_are_products_of_differences() -> None:
    changed = invert_once(GENERATED)
    product = "mulmod(mulmod(mload(0x0180), mload(0x01a0), R), mload(0x01c0), R)"
    assert f"mstore(0x00, mload(0x01a0))\n                    mstore(0x20, {product})\n" in changed
    assert "sum := " not in changed


def test_parts_stand_in_the_order_in_which_they_need_each_other() -> None:
    order = (
        "// Add (x, y) into point at (0x00, 0x20).",
        "mstore(0x80, coeff)",
        "multiply_up(",
        "// Compute lagrange evaluations",
        "batch_invert(",
        "revert(0, 0)",
        "mstore(L_0_MPTR, l_0)",
        "invert_down(",
        "let diff_0_inv",
        "// Compute quotient evavluation",
        "mstore(QUOTIENT_EVAL_MPTR",
        "mulmod(coeff, mload(QUOTIENT_EVAL_MPTR), R)",
        "mstore(0x0260, r_eval)",
        "mstore(0x20, mulmod(",
        "mstore(R_EVAL_MPTR, r_eval)",
        "// Compute quotient commitment",
        "ec_mul_acc(",
        "// Compute pairing lhs and rhs",
        "let nu :=",
    )
    changed = invert_once(GENERATED)
    body = changed[changed.index(order[0]) :]
    places = [body.index(part) for part in order]
    assert places == sorted(places)


def test_is_not_done_twice() -> None:
    with pytest.raises(VerifierSourceError, match="already"):
        invert_once(invert_once(GENERATED))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("// Compute lagrange", "// compute lagrange", "found 0 times"),
        ("let nu :=", "let nu_ :=", "found 0 times"),
        ("add(mptr_end, 0x40))", "add(mptr_end, 0x60))", "found 0 times"),
        ("// Add (x, y)", "// Adds (x, y)", "found 0 times"),
        ("mstore(L_0_MPTR, l_0)", "mstore(0x40, l_0)", r"unknown part: \['0x40'\]"),
        ("mstore(L_0_MPTR, l_0)", "mstore(mload(0x40), l_0)", r"unknown part: \[\]"),
        ("mstore(L_0_MPTR, l_0)", "mstore8(L_0_MPTR, l_0)", "mstore8"),
        ("beta, mload(X_MPTR)", "beta, keccak256(X_MPTR)", "keccak256"),
        ("mstore(QUOTIENT_EVAL_MPTR", "mstore(0x20", "0x20"),
        ("ec_mul_acc(success", "ec_mul_tmp(success", "ec_mul_tmp"),
        ("mstore(QUOTIENT_X_MPTR", "mstore(R_EVAL_MPTR", "R_EVAL_MPTR"),
        ("mulmod(x, omega_inv, R)", "mulmod(x, x, R)", "the points"),
        ("mstore(0x0120, x_pow_of_omega)", "mstore(0xc0, x_pow_of_omega)", "the addresses of the points"),
        ("mload(MU_MPTR)", "mload(NU_MPTR)\n", "no list of blocks"),
        ("mload(MU_MPTR)", "mload(X_MPTR)", "the differences"),
        ("mptr_end := 0x01e0", "mptr_end := 0x01c0", "the differences"),
        ("point_mptr := 0x0120", "point_mptr := 0x0140", "the differences"),
        ("sub(R, mload(point_mptr))", "mload(point_mptr)", "the differences"),
        (
            "diff := mulmod(diff, mload(0x01c0), R)",
            "diff := addmod(diff, mload(0x01c0), R)",
            "the differences",
        ),
        (FIRST_SET, FIRST_SET.replace("0x01a0", "0x0180"), "the coefficients"),
        (FIRST_SET, FIRST_SET.replace("1\n", "2\n"), "the coefficients"),
        ("addmod(point_2, sub(R, point_1), R)", "addmod(point_2, sub(R, point_2), R)", "the coefficients"),
        ("addmod(point_2, sub(R, point_0), R)", "addmod(point_0, sub(R, point_2), R)", "the coefficients"),
        ("let point_2 := mload(0x0160)", "let point_2 := mload(0x0140)", "the coefficients"),
        ("mstore(0x60, coeff)", "mstore(0xa0, coeff)", "the coefficients"),
        ("success, 0, 0xa0", "success, 0, 0x80", "the second inversion"),
        ("                    success := batch_invert(success, 0, 0xa0)\n", "", "the second inversion"),
        (
            "mload(0x00)\n                    mstore(0x0200",
            "mload(0x20)\n                    mstore(0x0200",
            "second",
        ),
        ("mload(mptr), diff_0_inv", "mload(mptr), mload(mptr)", "the second inversion"),
        ("mstore(0x0260, r_eval)", "mstore(0x0280, r_eval)", "the evaluations"),
        ("mload(0x40), calldataload(0x0444)", "gas(), calldataload(0x0444)", "gas"),
        (
            "let r_eval := 0\n                    r_eval := addmod(r_eval, mulmod(mload",
            "mstore(0x20, 0)\n                    r_eval := addmod(r_eval, mulmod(mload",
            "0x20",
        ),
        ("sum := addmod(sum, mload(0x80), R)", "sum := addmod(sum, mload(0x60), R)", "the sum"),
        ("                    sum := addmod(sum, mload(0x80), R)\n", "", "the sum"),
        ("let sum := mload(0x20)", "let sum := mload(0x40)", "the sum"),
        ("mstore(0x02a0, sum)", "mstore(0x02c0, sum)", "the sum"),
        ("success, 0, 0x40", "success, 0, 0x60", "the third inversion"),
        ("sum_mptr := 0x0280", "sum_mptr := 0x0240", "the third inversion"),
        (
            "mulmod(mload(0x20), mload(0x0260), R)",
            "mulmod(mload(0x00), mload(0x0260), R)",
            "the third inversion",
        ),
        ("r_eval_mptr := 0x0240", "r_eval_mptr := 0x0260", "the third inversion"),
        ("mload(NU_MPTR), R)", "mload(MU_MPTR), R)", "the third inversion"),
    ],
)
def test_changed_text_is_refused(old: str, new: str, message: str) -> None:
    with pytest.raises(VerifierSourceError, match=message):
        invert_once(replace_once(GENERATED, old, new))


def test_another_number_of_blocks_is_refused() -> None:
    inside = "                    let sum := mload(0x20)\n                    mstore(0x0280, sum)\n"
    extra = f"                {{\n{inside}                }}\n"
    with pytest.raises(VerifierSourceError, match="11 blocks evaluate 2 sets"):
        invert_once(replace_once(GENERATED, extra, extra + extra))
    with pytest.raises(VerifierSourceError, match="blocks evaluate 0 sets"):
        invert_once(GENERATED.replace("let point_", "let points_"))


def test_products_must_have_a_place() -> None:
    """The fifth word's product is at 0x0100, and the points begin behind it."""

    def move_down(match: re.Match[str]) -> str:
        address = int(match[0], 16) - (0x20 if 0x120 <= int(match[0], 16) < 0x400 else 0)
        return f"{address:#06x}" if address > 0xFF else f"{address:#04x}"

    with pytest.raises(VerifierSourceError, match="the place for the products"):
        invert_once(re.sub("0x[0-9a-f]+", move_down, GENERATED))
