from __future__ import annotations

import io

from eth_utils.address import to_checksum_address
from rich.console import Console

from indexer.report import print_table
from indexer.tallies import AssetTally, TallyReport, TierTally
from veritally.labels import Labels
from veritally.tiers import Tier

TOKEN = b"\x0a" * 20
OTHER = b"\x0b" * 20
NONE = Labels(0)


def shown(*tiers: TierTally) -> list[list[str]]:
    text = io.StringIO()
    report = TallyReport(1, b"\x01" * 20, 7, b"\x02" * 32, 0, tiers)
    print_table(report, Console(file=text))
    return [line.split() for line in text.getvalue().splitlines()]


def test_amounts_in_one_token_stand_beside_the_counts() -> None:
    lines = shown(
        TierTally(Tier.SIGNED, (AssetTally(TOKEN, 6, NONE, 2, 1_500_000), AssetTally(OTHER, 6, NONE, 1, 0))),
        TierTally(Tier.TEE, ()),
    )
    assert lines[0][:5] == ["tier", "inferences", "share", "amount", "verified"]
    assert lines[1][:5] == ["signed", "3", "100.00", "%", "1.500000"]
    assert lines[2][:5] == ["tee", "0", "0.00", "%", "-"]
    assert ["amounts", "in", "token", to_checksum_address(TOKEN)] in lines


def test_labels_stand_on_lines_of_their_own() -> None:
    lines = shown(
        TierTally(
            Tier.TEE,
            (AssetTally(TOKEN, 6, NONE, 1, 1_000_000), AssetTally(TOKEN, 6, Labels.UNBOUND, 3, 2_000_000)),
        )
    )
    assert lines[1][:5] == ["tee", "1", "25.00", "%", "1.000000"]
    assert lines[2][:6] == ["tee", "[UNBOUND]", "3", "75.00", "%", "2.000000"]
    assert [line[0] for line in lines if line and line[0].endswith(":")] == ["UNBOUND:"]


def test_an_amount_without_decimals_is_in_base_units() -> None:
    lines = shown(TierTally(Tier.SIGNED, (AssetTally(TOKEN, None, NONE, 1, 25),)))
    assert lines[1][4:7] == ["25", "base", "units"]


def test_amounts_in_several_tokens_have_a_table_of_their_own() -> None:
    lines = shown(
        TierTally(Tier.SIGNED, (AssetTally(TOKEN, 6, NONE, 1, 1), AssetTally(OTHER, 6, NONE, 1, 2)))
    )
    assert "amount" not in lines[0]
    assert ["signed", to_checksum_address(OTHER), "2", "0.000002"] in lines


def test_addresses_stay_whole_in_a_narrow_terminal() -> None:
    text = io.StringIO()
    tiers = (TierTally(Tier.SIGNED, (AssetTally(TOKEN, 6, NONE, 1, 1), AssetTally(OTHER, 6, NONE, 1, 2))),)
    report = TallyReport(1, b"\x01" * 20, 7, b"\x02" * 32, 0, tiers)
    print_table(report, Console(file=text, force_terminal=True, width=40, color_system=None))
    for address in (TOKEN, OTHER, report.settlement):
        assert to_checksum_address(address) in text.getvalue()
