"""What an inference costs, in base units of the asset that is charged."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from web3 import Web3
from web3.exceptions import BadFunctionCallOutput, ContractLogicError
from x402.mechanisms.evm.default_assets import get_default_asset

from prover.errors import AssetError, PriceError
from veritally.chain import Chain
from veritally.errors import ChainUnreachableError
from veritally.receipts import eip712_domain_separator
from veritally.x402 import Token

_DECIMALS_ABI: list[dict[str, Any]] = [
    {
        "type": "function",
        "name": "decimals",
        "stateMutability": "view",
        "inputs": [],
        "outputs": [{"name": "", "type": "uint8"}],
    }
]
_DOMAIN_ABI: list[dict[str, Any]] = [
    {
        "type": "function",
        "name": name,
        "stateMutability": "view",
        "inputs": [],
        "outputs": [{"name": "", "type": kind}],
    }
    for name, kind in (("name", "string"), ("version", "string"), ("DOMAIN_SEPARATOR", "bytes32"))
]
_MAX_AMOUNT = (1 << 96) - 1
MILLION: Final = 1_000_000


def network_of(chain_id: int) -> str:
    """Name of a chain in x402 (CAIP-2)."""
    return f"eip155:{chain_id}"


def resolve_asset(chain_id: int, asset: str | None) -> str:
    """Checksummed address of `asset`, or of x402's default token of the chain.

    Raises:
        AssetError: it is no address, or the chain has no default.
    """
    if asset is None:
        try:
            asset = get_default_asset(network_of(chain_id))["asset"]
        except ValueError:
            raise AssetError(f"x402 knows no default token on chain {chain_id}") from None
    if not Web3.is_address(asset):
        raise AssetError(f"{asset!r} is no address")
    return str(Web3.to_checksum_address(asset))


def read_decimals(chain: Chain, asset: str) -> int:
    """Number of decimals of a token.

    Raises:
        AssetError: there is no such token on the chain.
        ChainUnreachableError: the node does not answer.
    """
    token = chain.w3.eth.contract(address=Web3.to_checksum_address(asset), abi=_DECIMALS_ABI)
    with chain.reading():
        try:
            return int(token.functions.decimals().call())
        except (BadFunctionCallOutput, ContractLogicError):  # no contract, or another one
            raise AssetError(f"there is no token at {asset} on chain {chain.chain_id}") from None


def read_token(chain: Chain, asset: str, *, needs_domain: bool) -> Token:
    """The token with the name and version that payers sign for.

    Raises:
        AssetError: `needs_domain`, and the token has another EIP-712 domain, so that they would sign in vain.
        ChainUnreachableError: the node does not answer.
    """
    contract = chain.w3.eth.contract(address=Web3.to_checksum_address(asset), abi=_DOMAIN_ABI)
    try:
        name = str(chain.read(contract.functions.name()))
        version = str(chain.read(contract.functions.version()))
        domain = bytes(chain.read(contract.functions.DOMAIN_SEPARATOR()))
    except (BadFunctionCallOutput, ContractLogicError, ChainUnreachableError):
        if needs_domain:
            raise AssetError("it has no EIP-712 domain with a version; offer the scheme upto only") from None
        return Token(asset, "", "")
    if needs_domain and domain != eip712_domain_separator(name, version, chain.chain_id, asset):
        raise AssetError("its EIP-712 domain is not the usual one; offer the scheme upto only")
    return Token(asset, name, version)


def price_base_units(price_usd: str, decimals: int) -> int:
    """A decimal price in base units.

    Raises:
        PriceError: it is no positive number, or finer than the token's smallest unit.
    """
    try:
        amount = Decimal(price_usd).scaleb(decimals)
        whole = int(amount)
    except (InvalidOperation, ValueError, OverflowError):
        raise PriceError(price_usd, "not a decimal number; write it like 0.001") from None
    if whole != amount:
        raise PriceError(price_usd, f"finer than the {decimals} decimals of the token; round it")
    if not 0 < whole <= _MAX_AMOUNT:
        raise PriceError(price_usd, "must be above zero and fit 96 bits of base units")
    return whole


@dataclass(frozen=True)
class TokenPrice:
    """What a request to a language model costs. Prices are integers: a base unit is divided by no request."""

    request_base_units: int
    """Once for each request."""
    input_base_units_per_million: int
    """For a million tokens of the request."""
    output_base_units_per_million: int
    """For a million tokens of the answer."""

    @classmethod
    def of_usd(
        cls, request: str, input_per_million: str, output_per_million: str, decimals: int
    ) -> TokenPrice:
        """Prices from decimal numbers of US dollars; each may be 0, but not all of them.

        Raises:
            PriceError: one is no number, is below zero, or is finer than the token's smallest unit.
        """
        wanted = (request, input_per_million, output_per_million)
        prices = [0 if _is_zero(price) else price_base_units(price, decimals) for price in wanted]
        if not any(prices):
            raise PriceError(request, "nothing costs anything; set a price per request or per token")
        return cls(*prices)

    def amount_base_units(self, input_tokens: int, output_tokens: int) -> int:
        """What a request costs: at least one base unit, and never rounded down."""
        of_tokens = self._millionths(input_tokens, output_tokens)
        return max(1, self.request_base_units + -(-of_tokens // MILLION))

    def output_tokens_within(self, amount_base_units: int, input_tokens: int) -> int | None:
        """Most tokens of an answer that cost no more than an amount; None for any number of them.

        Negative when the request alone costs more.
        """
        left = (amount_base_units - self.request_base_units) * MILLION - self._millionths(input_tokens, 0)
        if left < 0:
            return -1
        per_token = self.output_base_units_per_million
        return left // per_token if per_token else None

    def _millionths(self, input_tokens: int, output_tokens: int) -> int:
        return (
            input_tokens * self.input_base_units_per_million
            + output_tokens * self.output_base_units_per_million
        )


def _is_zero(price: str) -> bool:
    try:
        return Decimal(price) == 0
    except InvalidOperation:
        return False
