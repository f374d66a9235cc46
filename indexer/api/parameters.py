"""What can be asked for. A parameter that an endpoint does not know is refused."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from indexer.analytics.metric import Rows
from indexer.api.place import Finality
from veritally.tiers import SETTLED_TIERS, Tier

MOST_LISTED = 10_000
"""Rows of one answer."""
MOST_PAGED = 500
"""Rows of one page."""
MOST_WEEKS = 520


_DAY = (
    r"((19[7-9][0-9]|20[0-9]{2}|210[0-5])-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    r"|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    r"|(19(7[26]|8[048]|9[26])|20([02468][048]|[13579][26])|2104)-02-29)"
)
"""Days from 1970 to 2105 that exist: whatever fits is answered, and the description says so."""
_TIME = r"T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
MOMENT = rf"^{_DAY}({_TIME})?$"


class Form(StrEnum):
    """How an answer is written."""

    JSON = "json"
    CSV = "csv"
    PARQUET = "parquet"


def _moment(value: object) -> object:
    """Unix seconds of a date, or of a time with its zone, in which a plus may have become a space."""
    text = str(value).replace(" ", "+")
    if not re.fullmatch(MOMENT, text):
        raise ValueError(
            "is neither a date like 2026-11-21 nor a time like 2026-11-21T04:00:00Z, from 1970 to 2105"
        )
    found = datetime.fromisoformat(text)
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())


Moment = Annotated[
    int,
    BeforeValidator(_moment, json_schema_input_type=Annotated[str, Field(pattern=MOMENT)]),
    Field(description="A date (UTC) or a time with its zone, ISO 8601."),
]


AddressText = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
IdText = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{64}$")]
PlaceText = Annotated[str, Field(pattern=r"^[0-9]{1,10}-[0-9]{1,7}$")]


def _cursor(value: object) -> object:
    if not re.fullmatch(_CURSOR, str(value)):
        raise ValueError("is none of ours; take it from `next` of an answer")
    return value


_CURSOR = r"^[A-Za-z0-9_-]{9}[AQgw]$"
"""Seven octets in base64."""
CursorText = Annotated[
    str, BeforeValidator(_cursor, json_schema_input_type=Annotated[str, Field(pattern=_CURSOR)])
]


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


def _bounded(bucket: Bucket) -> Bucket:
    if bucket is Bucket.ALL:
        raise ValueError("a series needs hour, day, week or month")
    return bucket


SeriesBucket = Annotated[
    Bucket,
    AfterValidator(_bounded),
    WithJsonSchema(
        {"type": "string", "enum": [bucket.value for bucket in Bucket if bucket is not Bucket.ALL]}
    ),
]


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

    bucket: SeriesBucket = Bucket.WEEK
    model: IdText | None = None
    prover: AddressText | None = None
    payer: AddressText | None = None


class AskedParties(AskedSpan):
    """A list of models with what they did."""

    limit: int = Field(1_000, ge=1, le=MOST_LISTED, description="Most rows, the busiest first.")


class AskedMetric(Asked):
    """A statistic over full final weeks."""

    weeks: int = Field(4, ge=1, le=MOST_WEEKS, description="Length of the window in weeks.")
    until: date | None = Field(
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
    cursor: CursorText | None = Field(None, description="Of `next`.")
    limit: int = Field(50, ge=1, le=MOST_PAGED, description="Most rows of a page.")
