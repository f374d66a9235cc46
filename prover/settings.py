"""Settings of the prover service: what an operator can set, with units and limits.

`prover.config` reads them from options, the environment and the config file, in this order.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from prover.enclave.drivers import DriverName
from veritally.tiers import Tier

MODELS_DIRECTORY = Path(__file__).parent / "models"
PREFIX = "VERITALLY_PROVER_"
_WEI_PER_GWEI = 10**9
_MODEL_PRICE = re.compile(r"([^/=]+)/(signed|tee|zkml)=([^=]+)")

SchemeName = Literal["upto", "batch-settlement", "exact"]
"""The x402 schemes that a payment may come by."""


def _parse_list(value: object) -> object:
    """A list that an environment variable holds as JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError('is no JSON list; write it like ["models/iris"]') from None


def _require_amount(value: str) -> str:
    """A decimal number above zero, as text: money is never a float."""
    try:
        amount = Decimal(value)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and amount > 0):
        raise ValueError("is no decimal number above zero; write it like 0.25")
    return value


def _require_distinct(value: tuple[SchemeName, ...]) -> tuple[SchemeName, ...]:
    if len(set(value)) != len(value):
        raise ValueError("names a scheme twice")
    return value


def _require_model_prices(value: tuple[str, ...]) -> tuple[str, ...]:
    for entry in value:
        if _MODEL_PRICE.fullmatch(entry) is None:
            raise ValueError(f'{entry!r} is not of the form "iris/zkml=0.05"')
    if len({entry.partition("=")[0] for entry in value}) != len(value):
        raise ValueError("names a model and tier twice")
    return value


Amount = Annotated[str, BeforeValidator(str), AfterValidator(_require_amount)]
Price = Annotated[str, BeforeValidator(str)]
"""Checked against the token's decimals when they are known."""
Paths = Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_parse_list)]
Urls = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_parse_list)]
ModelPrices = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_parse_list), AfterValidator(_require_model_prices)
]
Schemes = Annotated[
    tuple[SchemeName, ...], NoDecode, BeforeValidator(_parse_list), AfterValidator(_require_distinct)
]


class ProverSettings(BaseSettings):
    """Everything an operator can set. Keys are only ever named by file."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    rpc_url: str = Field(default="http://127.0.0.1:8545", repr=False)
    """Node of the chain. Its path may hold an access key, so only host and port are ever shown."""
    fallback_rpc_urls: Urls = Field(default=(), repr=False)
    """Further nodes of the same chain. With two nodes or more, two must agree on what is final."""
    deployment: Path = Path("deployment.json")
    """File with the addresses of the contracts."""
    asset: str | None = None
    """ERC-20 token that is charged; the chain's default USDC when absent."""

    price_signed_usd: Price = "0.001"
    """Price of one inference at the tier signed, as a decimal number."""
    price_tee_usd: Price = "0.002"
    """The same at the tier tee."""
    price_zkml_usd: Price = "0.01"
    """The same at the tier zkml."""
    model_prices_usd: ModelPrices = ()
    """Prices of single models at single tiers, each written like iris/zkml=0.05."""
    schemes: Schemes = Field(default=("upto", "batch-settlement", "exact"), min_length=1)
    """x402 schemes that are offered, in this order: clients take the first one that they know."""
    payment_timeout_s: int = Field(default=300, ge=30, le=3600)
    """Seconds for which a payer's signature must stay valid."""
    withdraw_delay_s: int = Field(default=86_400, ge=900, le=2_592_000)
    """Seconds from a payer's request to get its deposit back to the withdrawal. Longer than any outage."""
    min_deposit_usd: Amount = "0.1"
    """Least that a payer puts into a new channel."""
    max_unsettled_usd: Amount = "1"
    """Most that one payer's requests in flight may be worth: what is lost when it empties its account."""

    models: Paths = Field(default=(MODELS_DIRECTORY / "iris",), min_length=1)
    """Model packages to serve, folders or .tar files."""
    language_models: Paths = ()
    """Files of language models behind an upstream, see docs/llm.md."""
    cache_dir: Path = Path.home() / ".cache" / "veritally"
    """Where circuits and proving keys are kept between runs."""
    srs: Path | None = None
    """SRS with which the models were built; a development SRS in the cache when absent."""
    proof_timeout_s: float = Field(default=180.0, gt=0)
    """Seconds after which a proof is given up."""
    max_parallel_proofs: int | None = Field(default=None, ge=1)
    """Proofs at once; as many as the machine has cores and memory for when absent."""
    cluster: str | None = None
    """Scheduler of a Dask cluster that makes the proofs, as tcp://host:8786; this machine when absent."""
    cluster_ca_file: Path | None = None
    """CA of a cluster that speaks TLS, in PEM; its scheduler is named as tls://host:8786."""
    cluster_certificate_file: Path | None = None
    """The prover's certificate of that CA."""
    cluster_key_file: Path | None = None
    """The certificate's key."""

    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8402, ge=0, le=65535)
    """TCP port of the service."""
    answer_timeout_s: float = Field(default=60.0, gt=0)
    """Seconds for which an answer waits for its transaction before it says settlement_pending."""
    max_waiting_jobs: int = Field(default=10_000, ge=1)
    """Paid requests that may be unfinished at once; more are refused as busy."""

    batch_window_s: float = Field(default=0.25, ge=0)
    """Seconds for which a finished inference waits for others to share its transaction."""
    batch_max_age_s: float = Field(default=1.0, ge=0)
    """Seconds after which it is settled even though other paid requests still run, as proofs do."""
    voucher_max_age_s: float = Field(default=600.0, ge=0)
    """Seconds for which a request that a channel pays for waits for others."""

    max_fee_gwei: Amount = "200"
    """Fee ceiling for each unit of gas: above it nothing is sent."""
    confirmations: int | None = Field(default=None, ge=1)
    """Blocks that make a transaction final; what the chain calls finalized when absent."""
    max_in_flight: int = Field(default=16, ge=1)
    """Transactions that may wait for their block at the same time."""
    coin_price_usd: Amount | None = None
    """Price of the chain's own token. With it, no batch is sent whose gas costs more than it earns."""
    asset_price_usd: Amount = "1"
    """Price of one token of the asset."""
    settle_at_a_loss: bool = False
    """Whether batches are sent that have waited as long as they may, whatever their gas costs."""
    low_balance_eth: Amount = "0.01"
    """Balance of the prover's account, in the chain's own token, below which it is too low."""

    keystore_file: Path | None = None
    """Encrypted keystore (Web3 Secret Storage) of the prover's key."""
    keystore_password_file: Path | None = None
    """File with its password."""
    raw_key_file: Path | None = None
    """Instead of a keystore: hex key in a file with mode 0600, on development chains only."""
    enclave_driver: DriverName | None = None
    """What gives the documents of the enclave that the service runs in; without it there is no tier tee."""

    state_dir: Path = Path("prover-state")
    """Folder of the database and of the control socket."""
    database_url: str | None = Field(default=None, repr=False)
    """Postgres at postgresql+psycopg://...; the SQLite file prover.db in the state folder when absent."""
    metrics_host: str = "127.0.0.1"
    """Address of the metrics."""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    """TCP port of metrics and health for the operator; none when absent."""
    log_format: Literal["console", "json"] = "console"
    """How log lines look."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Least important lines that are logged."""

    @property
    def rpc_urls(self) -> tuple[str, ...]:
        """All nodes, the preferred one first."""
        return (self.rpc_url, *self.fallback_rpc_urls)

    @property
    def database(self) -> str:
        """URL of the database. It may hold a password."""
        return self.database_url or f"sqlite:///{self.state_dir.absolute() / 'prover.db'}"

    @property
    def max_fee_wei(self) -> int:
        """The fee ceiling."""
        return int(Decimal(self.max_fee_gwei) * _WEI_PER_GWEI)

    @property
    def low_balance_wei(self) -> int:
        """The balance below which it is too low."""
        return int(Decimal(self.low_balance_eth).scaleb(18))

    def price_usd(self, tier: Tier, model: str) -> str:
        """Decimal price of one inference of a model at `tier`, in US dollars."""
        for entry in self.model_prices_usd:
            named, _, price = entry.partition("=")
            if named == f"{model}/{tier.label}":
                return price
        return {
            Tier.SIGNED: self.price_signed_usd,
            Tier.TEE: self.price_tee_usd,
            Tier.ZKML: self.price_zkml_usd,
        }[tier]

    @property
    def priced_models(self) -> frozenset[str]:
        """Names of the models that have prices of their own."""
        return frozenset(entry.partition("/")[0] for entry in self.model_prices_usd)

    @property
    def prices_usd(self) -> tuple[str, ...]:
        """All prices that are set."""
        own = (entry.partition("=")[2] for entry in self.model_prices_usd)
        return (self.price_signed_usd, self.price_tee_usd, self.price_zkml_usd, *own)
