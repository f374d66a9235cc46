"""What a prover offers to payers: x402's payment requirements for each route into Settlement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eth_utils.address import to_checksum_address

from veritally.deployment import Deployment
from veritally.pay_address import pay_address_of
from veritally.payments import PaymentScheme
from veritally.tiers import Tier
from veritally.x402.errors import MalformedPayloadError, OfferError
from veritally.x402.fields import Fields

MIN_WITHDRAW_DELAY_S = 15 * 60
"""Shortest withdraw delay that x402's channels take."""
MAX_WITHDRAW_DELAY_S = 30 * 86_400
"""Longest withdraw delay that x402's channels take."""
_MAX_AMOUNT = (1 << 96) - 1
_NETWORK = re.compile(r"eip155:([0-9]{1,18})")
_SCHEMES = {
    scheme.label: scheme
    for scheme in (PaymentScheme.UPTO, PaymentScheme.BATCH_SETTLEMENT, PaymentScheme.EXACT)
}


@dataclass(frozen=True)
class Token:
    """The token that is charged."""

    address: str
    """Stored with checksum."""
    name: str
    """Of its EIP-712 domain; a payer that signs for another name signs in vain."""
    version: str
    """Of its EIP-712 domain."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "address", to_checksum_address(self.address))


@dataclass(frozen=True)
class PaymentOffer:
    """One entry of `accepts` in a 402 answer.

    Raises:
        OfferError: the amount or the time-out cannot be used.
    """

    scheme: PaymentScheme
    chain_id: int
    asset: str
    """Checksummed address of the token."""
    amount_base_units: int
    """Highest amount of one inference; for `exact` the amount."""
    pay_to: str
    """Pay address, with checksum."""
    max_timeout_s: int
    """How long a signed payment stays valid, in seconds."""
    extra: Mapping[str, str | int]
    """What the scheme needs besides."""

    def __post_init__(self) -> None:
        if not 0 < self.amount_base_units <= _MAX_AMOUNT:
            raise OfferError("amount_base_units", self.amount_base_units, "must be from 1 to 2^96-1")
        if self.max_timeout_s <= 0:
            raise OfferError("max_timeout_s", self.max_timeout_s, "must be above zero")

    @classmethod
    def from_requirements(cls, requirements: Mapping[str, Any]) -> PaymentOffer:
        """Reads an offer back from JSON of x402, such as `accepted` of a payment that answers it.

        Raises:
            MalformedPayloadError: a field is missing, or names a scheme or a chain that nothing settles.
            OfferError: the amount or the time-out cannot be used.
        """
        fields = Fields("accepted", requirements)
        return cls(
            scheme=_read_scheme(fields),
            chain_id=_read_chain_id(fields),
            asset=fields.address("asset"),
            amount_base_units=fields.uint("amount"),
            pay_to=fields.address("payTo"),
            max_timeout_s=fields.uint("maxTimeoutSeconds"),
            extra=fields.child("extra").values,
        )

    @property
    def network(self) -> str:
        """Name of the chain in x402 (CAIP-2)."""
        return f"eip155:{self.chain_id}"

    def as_requirements(self) -> dict[str, Any]:
        """The offer as JSON of x402."""
        return {
            "scheme": self.scheme.label,
            "network": self.network,
            "asset": self.asset,
            "amount": str(self.amount_base_units),
            "payTo": self.pay_to,
            "maxTimeoutSeconds": self.max_timeout_s,
            "extra": dict(self.extra),
        }


@dataclass(frozen=True)
class Payee:
    """Who is paid, and by whose hand: everything that the offers of one prover at one floor share."""

    chain_id: int
    settlement: str
    """Address of the Settlement contract; stored with checksum."""
    pay_to: str
    """Pay address of (prover, floor): a payer that signs for it signs for both. Stored with checksum."""
    token: Token
    max_timeout_s: int
    """How long a signed payment stays valid, in seconds."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "settlement", to_checksum_address(self.settlement))
        object.__setattr__(self, "pay_to", to_checksum_address(self.pay_to))

    @classmethod
    def of(cls, deployment: Deployment, prover: str, floor: Tier, token: Token, max_timeout_s: int) -> Payee:
        """The payee of a deployment."""
        pay_to = pay_address_of(deployment, prover, floor)
        return cls(deployment.chain_id, deployment.settlement, pay_to, token, max_timeout_s)

    def offer_upto(self, max_amount_base_units: int) -> PaymentOffer:
        """The scheme `upto`: any amount up to the maximum, and only Settlement collects."""
        extra = {"assetTransferMethod": "permit2", "facilitatorAddress": self.settlement}
        return self._offer(PaymentScheme.UPTO, max_amount_base_units, extra)

    def offer_batch_settlement(
        self, max_amount_base_units: int, withdraw_delay_s: int, min_deposit_base_units: int
    ) -> PaymentOffer:
        """The scheme `batch-settlement`: vouchers of a channel that only Settlement claims.

        Args:
            max_amount_base_units: Highest amount of one inference.
            withdraw_delay_s: How long the payer's money stays after it asked for it back; longer than the
                time from a voucher to its settlement, proof included.
            min_deposit_base_units: Deposit that the client is asked for.

        Raises:
            OfferError: x402's channels take no such delay, or the deposit does not pay one inference.
        """
        if not MIN_WITHDRAW_DELAY_S <= withdraw_delay_s <= MAX_WITHDRAW_DELAY_S:
            rule = f"must be from {MIN_WITHDRAW_DELAY_S} to {MAX_WITHDRAW_DELAY_S}"
            raise OfferError("withdraw_delay_s", withdraw_delay_s, rule)
        if min_deposit_base_units < max_amount_base_units:
            raise OfferError(
                "min_deposit_base_units", min_deposit_base_units, "must pay for one inference at least"
            )
        extra: dict[str, str | int] = {
            "assetTransferMethod": "eip3009",
            "receiverAuthorizer": self.settlement,
            "withdrawDelay": withdraw_delay_s,
            "minDeposit": str(min_deposit_base_units),
        }
        return self._offer(PaymentScheme.BATCH_SETTLEMENT, max_amount_base_units, extra)

    def offer_exact(self, amount_base_units: int) -> PaymentOffer:
        """The scheme `exact` by EIP-3009: this amount, and whoever sees the signature can collect it."""
        return self._offer(PaymentScheme.EXACT, amount_base_units, {"assetTransferMethod": "eip3009"})

    def _offer(self, scheme: PaymentScheme, amount: int, extra: Mapping[str, str | int]) -> PaymentOffer:
        domain = {"name": self.token.name, "version": self.token.version}
        return PaymentOffer(
            scheme=scheme,
            chain_id=self.chain_id,
            asset=self.token.address,
            amount_base_units=amount,
            pay_to=self.pay_to,
            max_timeout_s=self.max_timeout_s,
            extra={**domain, **extra},
        )


def _read_scheme(requirements: Fields) -> PaymentScheme:
    scheme = _SCHEMES.get(requirements.text("scheme"))
    if scheme is None:
        raise MalformedPayloadError(requirements.name("scheme"), f"is none of {', '.join(_SCHEMES)}")
    return scheme


def _read_chain_id(requirements: Fields) -> int:
    found = _NETWORK.fullmatch(requirements.text("network"))
    if found is None:
        raise MalformedPayloadError(requirements.name("network"), "is no eip155 chain")
    return int(found[1])
