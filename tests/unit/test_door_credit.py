from __future__ import annotations

import pytest

from prover.door.credit import Credit
from prover.door.errors import CreditExceededError

PAYER, OTHER = "0x" + "11" * 20, "0x" + "22" * 20


def job(number: int) -> bytes:
    return number.to_bytes(32)


def test_a_payer_gets_credit_up_to_the_limit() -> None:
    credit = Credit(1_000)
    assert credit.take(PAYER, job(1), 600)
    assert credit.take(PAYER, job(2), 400)
    with pytest.raises(CreditExceededError, match="limit is 1000"):
        credit.take(PAYER, job(3), 1)
    assert credit.take(OTHER, job(4), 1_000)
    assert credit.in_flight_base_units(PAYER) == 1_000
    assert credit.in_flight_base_units(PAYER, besides=job(1)) == 400


def test_a_first_request_is_always_taken() -> None:
    credit = Credit(1_000)
    assert credit.take(PAYER, job(1), 5_000)
    with pytest.raises(CreditExceededError):
        credit.take(PAYER, job(2), 1)


def test_a_copy_counts_once() -> None:
    credit = Credit(1_000)
    assert credit.take(PAYER, job(1), 1_000)
    assert not credit.take(PAYER, job(1), 1_000)
    assert credit.in_flight_base_units(PAYER) == 1_000


def test_what_is_given_back_may_be_taken_again() -> None:
    credit = Credit(1_000)
    credit.take(PAYER, job(1), 1_000)
    credit.give_back(PAYER, job(1))
    credit.give_back(PAYER, job(1))
    assert credit.take(PAYER, job(2), 1_000)


def test_a_deposit_under_way_covers_no_more_than_the_limit() -> None:
    credit = Credit(1_000)
    credit.require_for_deposit(1_000, 10)
    credit.require_for_deposit(5_000, 5_000)
    with pytest.raises(CreditExceededError):
        credit.require_for_deposit(1_001, 10)


def test_what_was_taken_before_counts_whatever_the_limit() -> None:
    credit = Credit(1_000)
    credit.keep(PAYER, job(1), 700)
    credit.keep(PAYER, job(1), 700)
    credit.keep(PAYER, job(2), 700)
    assert credit.in_flight_base_units(PAYER) == 1_400
    with pytest.raises(CreditExceededError):
        credit.take(PAYER, job(3), 1)
