from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prover.errors import AssetError, PriceError
from prover.pricing import TokenPrice, network_of, price_base_units, resolve_asset


@pytest.mark.parametrize(
    ("price", "decimals", "expected"),
    [
        ("0.001", 6, 1_000),
        ("0.01", 6, 10_000),
        ("1", 6, 1_000_000),
        ("0.000001", 6, 1),
        ("1e-6", 6, 1),
        ("0.1", 18, 10**17),
        (" 2 ", 0, 2),
    ],
)
def test_price_in_base_units_is_exact(price: str, decimals: int, expected: int) -> None:
    assert price_base_units(price, decimals) == expected


@pytest.mark.parametrize(
    "price", ["", "free", "$1", "1,5", "NaN", "Infinity", "-1", "0", "0.0000015", "1e60"]
)
def test_prices_that_cannot_be_charged_are_refused(price: str) -> None:
    with pytest.raises(PriceError):
        price_base_units(price, 6)


def test_default_asset_is_the_one_that_x402_clients_accept() -> None:
    assert resolve_asset(84532, None) == "0x036CbD53842c5426634e7929541eC2318f3dCF7e"
    assert network_of(84532) == "eip155:84532"


def test_a_chain_without_default_asset_needs_one() -> None:
    with pytest.raises(AssetError, match="VERITALLY_PROVER_ASSET"):
        resolve_asset(31337, None)
    assert resolve_asset(31337, "0x" + "ab" * 20) == "0xABaBaBaBABabABabAbAbABAbABabababaBaBABaB"


@pytest.mark.parametrize("asset", ["", "USDC", "0x1234"])
def test_an_asset_that_is_no_address_is_refused(asset: str) -> None:
    with pytest.raises(AssetError, match="no address"):
        resolve_asset(84532, asset)


PRICES = st.builds(TokenPrice, st.integers(0, 10**6), st.integers(0, 10**9), st.integers(0, 10**9))
TOKENS = st.integers(0, 10**6)


@pytest.mark.parametrize(
    ("input_tokens", "output_tokens", "expected"),
    [(0, 0, 1), (1, 0, 1), (1_000_000, 0, 150_000), (1, 1, 1), (0, 2, 2), (7, 1, 2), (21, 5, 7)],
)
def test_tokens_are_charged_and_never_rounded_down(
    input_tokens: int, output_tokens: int, expected: int
) -> None:
    price = TokenPrice.of_usd("0", "0.15", "0.60", 6)
    assert price == TokenPrice(0, 150_000, 600_000)
    assert price.amount_base_units(input_tokens, output_tokens) == expected


def test_a_request_has_a_price_of_its_own() -> None:
    assert TokenPrice.of_usd("0.001", "0", "1", 6).amount_base_units(500, 20) == 1_020


@given(price=PRICES, maximum=st.integers(1, 10**9), input_tokens=TOKENS)
def test_the_limit_is_as_large_as_the_maximum_allows(
    price: TokenPrice, maximum: int, input_tokens: int
) -> None:
    limit = price.output_tokens_within(maximum, input_tokens)
    if limit is None:
        assert price.output_base_units_per_million == 0
        assert price.amount_base_units(input_tokens, 10**9) <= maximum
    elif limit < 0:
        assert price.amount_base_units(input_tokens, 0) > maximum
    else:
        assert price.amount_base_units(input_tokens, limit) <= maximum
        assert price.amount_base_units(input_tokens, limit + 1) > maximum


@given(price=PRICES, fewer=st.tuples(TOKENS, TOKENS), more=st.tuples(TOKENS, TOKENS))
def test_more_tokens_never_cost_less(
    price: TokenPrice, fewer: tuple[int, int], more: tuple[int, int]
) -> None:
    both = (fewer[0] + more[0], fewer[1] + more[1])
    assert 1 <= price.amount_base_units(*fewer) <= price.amount_base_units(*both)


@pytest.mark.parametrize(
    "prices", [("0", "0", "0"), ("-1", "0", "1"), ("0", "free", "1"), ("0", "0", "0.0000001")]
)
def test_token_prices_that_cannot_be_charged_are_refused(prices: tuple[str, str, str]) -> None:
    with pytest.raises(PriceError):
        TokenPrice.of_usd(*prices, 6)
