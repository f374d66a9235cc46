"""Settings of the prover service, from environment variables with the prefix `VERITALLY_PROVER_`."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from prover.enclave.drivers import DriverName
from prover.errors import SettingError
from veritally.tiers import Tier

MODELS_DIRECTORY = Path(__file__).parent / "models"
PREFIX = "VERITALLY_PROVER_"


def _parse_list(value: object) -> object:
    """A list that an environment variable holds as JSON."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError('is no JSON list; write it like ["models/iris"]') from None


class ProverSettings(BaseSettings):
    """Everything an operator can set. Keys are only ever named by file."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    rpc_url: str = Field(default="http://127.0.0.1:8545", repr=False)
    """Node of the chain; its path may hold an access key, so that it is never shown."""
    deployment: Path = Path("deployment.json")
    """File with the addresses of our contracts."""
    asset: str | None = None
    """ERC-20 token that is charged; the chain's default USDC when absent."""

    price_signed_usd: str = "0.001"
    price_tee_usd: str = "0.002"
    price_zkml_usd: str = "0.01"

    models: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_parse_list)] = Field(
        default=(MODELS_DIRECTORY / "iris",), min_length=1
    )
    """Directories of the model packages to serve."""
    cache_dir: Path = Path.home() / ".cache" / "veritally"
    """Where circuits and proving keys are kept between runs."""
    srs: Path | None = None
    """SRS with which the models were built; a development SRS in the cache when absent."""

    database: str = Field(default="sqlite:///veritally-prover.db", repr=False)
    """Where paid requests and transactions are kept: sqlite:///FILE or postgresql+psycopg://..."""

    host: str = "127.0.0.1"
    port: int = Field(default=8402, ge=0, le=65535)

    batch_window_s: float = Field(default=0.25, ge=0)
    """Seconds for which a finished inference waits for others to share its transaction."""
    batch_max_age_s: float = Field(default=15.0, ge=0)
    """Seconds after which it is settled even though other paid requests still run."""
    voucher_max_age_s: float = Field(default=600.0, ge=0)
    """Seconds for which a request that a channel pays for waits for others."""
    coin_price_usd: Decimal | None = Field(default=None, gt=0)
    """Price of the chain's coin; with it, nothing is settled whose gas costs more than it earns."""
    asset_price_usd: Decimal = Field(default=Decimal(1), gt=0)
    """Price of one token of the asset."""
    settle_at_a_loss: bool = False
    """Settle what has waited as long as it may, whatever its gas costs."""
    answer_timeout_s: float = Field(default=60.0, gt=0)
    """Seconds for which an answer waits for its block; then the client is told that it is pending."""
    schemes: Annotated[
        tuple[Literal["upto", "batch-settlement", "exact"], ...], NoDecode, BeforeValidator(_parse_list)
    ] = Field(default=("upto", "batch-settlement", "exact"), min_length=1)
    """x402 schemes that are offered, in this order: clients take the first one that they know."""
    withdraw_delay_s: int = Field(default=86_400, ge=900, le=2_592_000)
    """Seconds from a payer's request to get its deposit back to the withdrawal. Longer than any outage."""
    min_deposit_usd: str = "0.1"
    """Least that a payer puts into a new channel."""
    max_unsettled_usd: str = "1"
    """Most that one payer's requests in flight may be worth: what is lost when it empties its account."""
    payment_timeout_s: int = Field(default=300, ge=30, le=3600)
    """Seconds for which a payer's signature must stay valid."""
    proof_timeout_s: float = Field(default=180.0, gt=0)
    max_parallel_proofs: int | None = Field(default=None, ge=1)
    """Proofs at once; as many as the machine has cores and memory for when absent."""

    keystore_file: Path | None = None
    """Encrypted keystore (Web3 Secret Storage) of the prover's key."""
    keystore_password_file: Path | None = None
    raw_key_file: Path | None = None
    """Hex key in a file with mode 0600; development chains only."""
    enclave_driver: DriverName | None = None
    """What gives the documents of the enclave that the service runs in; without it there is no tier TEE."""

    def price_usd(self, tier: Tier) -> str:
        """Decimal price of one inference at `tier`, in US dollars."""
        return {
            Tier.SIGNED: self.price_signed_usd,
            Tier.TEE: self.price_tee_usd,
            Tier.ZKML: self.price_zkml_usd,
        }[tier]


def load_settings() -> ProverSettings:
    """The settings from the environment.

    Raises:
        SettingError: a variable has no usable value.
    """
    try:
        return ProverSettings()
    except ValidationError as error:
        problem = error.errors(include_input=False)[0]
        variable = PREFIX + "_".join(map(str, problem["loc"])).upper()
        raise SettingError(variable, problem["msg"]) from None
