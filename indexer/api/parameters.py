"""What can be asked for. A parameter that an endpoint does not know is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from indexer.analytics.metric import Rows
from indexer.api.place import Finality
from veritally.tiers import SETTLED_TIERS, Tier

MOST_LISTED = 10_000
"""Rows of one answer."""
MOST_PAGED = 500
"""Rows of one page."""
MOST_WEEKS = 520


class Form(StrEnum):
    """How an answer is written."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def _moment(value: object) -> object:
    """Unix seconds of a date or a time with its zone."""
    text = str(value)
    try:
        if len(text) == len("2026-11-21"):
            day = date.fromisoformat(text)
            found = datetime(day.year, day.month, day.day, tzinfo=UTC)
        else:
            found = datetime.fromisoformat(text.replace(" ", "+"))
        if found.tzinfo is None:
            raise ValueError
        seconds = found.timestamp()
    except (ValueError, OverflowError):
        raise ValueError("is neither a date like 2026-11-21 nor a time like 2026-11-21T04:00:00Z") from None
    if seconds % 1 or not 0 <= seconds < 1 << 32:
        raise ValueError("is no whole second between 1970 and 2106")
    return int(seconds)


_MOMENT = r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2}))?$"
Moment = Annotated[
    int,
    BeforeValidator(_moment, json_schema_input_type=Annotated[str, Field(pattern=_MOMENT)]),
    Field(description="A date (UTC) or a time with its zone, ISO 8601."),
]


def _monday(day: date) -> date:
    if day.weekday():
        raise ValueError("is no Monday")
    return day


Monday = Annotated[date, AfterValidator(_monday)]
AddressText = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
IdText = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{64}$")]
PlaceText = Annotated[str, Field(pattern=r"^[0-9]{1,10}-[0-9]{1,7}$")]


class TierName(StrEnum):
    """A tier by its name."""

    SIGNED = "signed"
    TEE = "tee"
    ZKML = "zkml"

    @property
    def tier(self) -> Tier:
        """The same as a number."""
        return SETTLED_TIERS[list(TierName).index(self)]


class RowsName(StrEnum):
    """Which rows a statistic counts."""

    RAW = "raw"
    STRICT = "strict"

    @property
    def rows(self) -> Rows:
        """The same for a metric."""
        return Rows[self.name]


class Bucket(StrEnum):
    """Spans of time that sums are made over, in UTC; weeks begin on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    ALL = "all"


class By(StrEnum):
    """What sums are told apart by."""

    TIER = "tier"
    ASSET = "asset"
    MODEL = "model"
    PROVER = "prover"
    PAYER = "payer"


class Asked(BaseModel):
    """What every endpoint understands."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Form | None = Field(None, description="Counts more than the header Accept.")


class AskedOf(Asked):
    """With a choice of blocks."""

    finality: Finality = Field(
        Finality.FINAL, description="`latest` takes in blocks that a reorganisation may still undo."
    )


class AskedListed(AskedOf):
    """Some rows of a list."""

    limit: int = Field(1_000, ge=1, le=MOST_LISTED, description="Most rows.")


class AskedSpan(AskedOf):
    """A span of time, of block times."""

    after: Moment | None = Field(None, description="From this time on.")
    before: Moment | None = Field(None, description="Up to, but not including, this time.")


class AskedTallies(AskedSpan):
    """Sums."""

    by: By = By.TIER
    bucket: Bucket = Bucket.ALL
    limit: int = Field(1_000, ge=1, le=MOST_LISTED, description="Most rows, the largest first.")


class AskedSeries(AskedSpan):
    """A series over time, of everything or of one model, prover or payer."""

    bucket: Bucket = Bucket.WEEK
    model: IdText | None = None
    prover: AddressText | None = None
    payer: AddressText | None = None


class AskedParties(AskedSpan):
    """A list of models with what they did."""

    limit: int = Field(1_000, ge=1, le=MOST_LISTED, description="Most rows, the busiest first.")


class AskedMetric(Asked):
    """A statistic over full final weeks."""

    weeks: int = Field(4, ge=1, le=MOST_WEEKS, description="Length of the window in weeks.")
    until: Monday | None = Field(
        None, description="The Monday on which the window ends; the end of the last full week by default."
    )
    rows: RowsName = Field(RowsName.RAW, description="`strict` leaves out self-dealing and suspected pairs.")


class AskedInferences(AskedOf):
    """Single inferences, the newest first."""

    tier: TierName | None = None
    model: IdText | None = None
    prover: AddressText | None = None
    payer: AddressText | None = None
    asset: AddressText | None = None
    cursor: str | None = Field(None, max_length=24, pattern=r"^[A-Za-z0-9_-]+$", description="Of `next`.")
    limit: int = Field(50, ge=1, le=MOST_PAGED, description="Most rows of a page.")
