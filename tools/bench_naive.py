"""The obvious way to index, to compare with: web3.py decodes, the ORM writes."""

from collections.abc import Callable

from sqlmodel import Field, Session, SQLModel, create_engine
from web3 import Web3

from veritally.abi import load_artifact

_BLOCKS_PER_REQUEST = 20


class NaiveRow(SQLModel, table=True):
    """A settled inference as web3.py decodes it."""

    __tablename__ = "naive_inference"
    id: int | None = Field(default=None, primary_key=True)
    block_number: int
    log_index: int
    transaction_hash: bytes
    receipt_hash: bytes
    payer: str
    prover: str
    model_id: bytes
    asset: str
    tier: int
    request_hash: bytes
    response_hash: bytes
    terms: str


def index_naively(rpc_url: str, database_url: str, settlement: str) -> Callable[[], int]:
    """A function that indexes the whole chain and returns the number of its inferences."""
    w3 = Web3(Web3.HTTPProvider(rpc_url))
    contract = w3.eth.contract(Web3.to_checksum_address(settlement), abi=load_artifact("Settlement").abi)
    engine = create_engine(database_url)
    SQLModel.metadata.create_all(engine, tables=[SQLModel.metadata.tables["naive_inference"]])

    def index() -> int:
        head, count = w3.eth.block_number, 0
        for first in range(1, head + 1, _BLOCKS_PER_REQUEST):
            last = min(first + _BLOCKS_PER_REQUEST - 1, head)
            events = contract.events.InferenceSettled().get_logs(from_block=first, to_block=last)
            with Session(engine) as session, session.begin():
                session.add_all([_row(event) for event in events])
            count += len(events)
        return count

    return index


def _row(event: object) -> NaiveRow:
    log = dict(event)  # type: ignore[call-overload]
    values = log["args"]
    return NaiveRow(
        block_number=log["blockNumber"],
        log_index=log["logIndex"],
        transaction_hash=bytes(log["transactionHash"]),
        receipt_hash=values["receiptHash"],
        payer=values["payer"],
        prover=values["prover"],
        model_id=values["modelId"],
        asset=values["asset"],
        tier=values["tier"],
        request_hash=values["requestHash"],
        response_hash=values["responseHash"],
        terms=str(values["terms"]),
    )
