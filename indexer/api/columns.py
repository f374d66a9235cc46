"""Columns that several answers have."""

from __future__ import annotations

from eth_utils.address import to_checksum_address

from indexer.analytics.answer import Column, Kind

TIER = Column("tier", Kind.TIER, "tier that the contract verified")
ASSET = Column("asset", Kind.ADDRESS, "token")
DECIMALS = Column("decimals", Kind.COUNT, "decimals of the token; none when it does not state them")
AMOUNT = Column("amount_base_units", Kind.AMOUNT, "charged, in base units of the token")
WHOLE_AMOUNT = Column("amount", Kind.TEXT, "the same in whole tokens, where decimals are known")
INFERENCES = Column("inferences", Kind.COUNT, "settled inferences, free ones among them")
BY_TIER = (
    Column("signed", Kind.COUNT, "of these verified as signed"),
    Column("tee", Kind.COUNT, "of these verified as tee"),
    Column("zkml", Kind.COUNT, "of these verified as zkml"),
)
STRONG = Column("strong", Kind.COUNT, "of these tee or zkml, and without a label")
DEVELOPMENT_COUNT = Column("development", Kind.COUNT, "of these with evidence of a development root or SRS")
UNBOUND_COUNT = Column("unbound", Kind.COUNT, "of these with evidence that may have been made for others")
DEVELOPMENT = Column("development", Kind.FLAG, "the evidence rests on a development root or SRS")
UNBOUND = Column("unbound", Kind.FLAG, "the evidence names no chain, prover or payer")
BLOCK = Column("block", Kind.COUNT, "number of the block")
LOG_INDEX = Column("log_index", Kind.COUNT, "place of the event in the block")
BLOCK_TIME = Column("block_time", Kind.TIME, "time of the block")
TRANSACTION = Column("transaction_hash", Kind.ID, "transaction")
MODEL = Column("model_id", Kind.ID, "model")
PROVER = Column("prover", Kind.ADDRESS, "who ran the model")
PAYER = Column("payer", Kind.ADDRESS, "who paid; none when nobody did")


def address_text(octets: bytes) -> str:
    """As columns of addresses hold it."""
    return to_checksum_address(octets)
