"""Whether the firmware of a TDX machine is recent, by Intel's own list for its processor ("collateral").

The list ages: it says until when it holds, and Intel publishes a new one for every known attack.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass

import dcap_qvl

from veritally.attestation.errors import QuoteRefusedError

UP_TO_DATE = "UpToDate"


@dataclass(frozen=True)
class TcbReport:
    """What Intel's list says about the machine."""

    status: str
    """Intel's word, for example UpToDate, SWHardeningNeeded, OutOfDate, Revoked."""
    advisory_ids: tuple[str, ...]
    """Intel's names of the known attacks that it is open to."""


def check_tcb(
    quote: bytes, collateral: str, at_s: int, accepted: Collection[str] = (UP_TO_DATE,)
) -> TcbReport:
    """Judges the machine of a quote by Intel's list, as JSON, at a time in Unix seconds.

    This also verifies the quote and the revocation lists, by code that is not ours. No advisory is accepted.

    Raises:
        QuoteRefusedError: the list is not valid for the quote, or the machine's status is not accepted.
    """
    try:
        parsed = dcap_qvl.QuoteCollateralV3.from_json(collateral)
        report = dcap_qvl.verify(quote, parsed, at_s)
    except ValueError as error:
        raise QuoteRefusedError("CollateralRefused", reason=json.dumps(str(error))) from None
    found = TcbReport(report.status, tuple(report.advisory_ids))
    if found.status not in accepted:
        raise QuoteRefusedError("TcbNotAccepted", status=found.status, advisories=found.advisory_ids)
    if found.advisory_ids:
        raise QuoteRefusedError("OpenAdvisories", advisories=found.advisory_ids)
    return found
