"""Where provers are paid: kept in the database, so that readers need no deployment file."""

from __future__ import annotations

from sqlmodel import Session

from indexer.tables import PayAddressOriginRow
from veritally.deployment import Deployment
from veritally.pay_address import pay_address
from veritally.tiers import SETTLED_TIERS


def keep_origin(session: Session, deployment_id: int, deployment: Deployment) -> None:
    """Writes down what the deployment's pay addresses are derived from."""
    origin = PayAddressOriginRow(
        deployment_id=deployment_id,
        factory=bytes.fromhex(deployment.pay_address_factory[2:]),
        implementation=bytes.fromhex(deployment.pay_address_implementation[2:]),
    )
    if session.get(PayAddressOriginRow, deployment_id) != origin:
        session.merge(origin)


def pay_addresses_of(session: Session, deployment_id: int, prover: str) -> list[str]:
    """A prover's pay addresses, one for each floor; none before an indexer of this version has opened it."""
    origin = origin_of(session, deployment_id)
    return [] if origin is None else pay_addresses(*origin, prover)


def origin_of(session: Session, deployment_id: int) -> tuple[str, str] | None:
    """Factory and implementation of a deployment's pay addresses; None when they are not known."""
    row = session.get(PayAddressOriginRow, deployment_id)
    return None if row is None else (f"0x{row.factory.hex()}", f"0x{row.implementation.hex()}")


def pay_addresses(factory: str, implementation: str, prover: str) -> list[str]:
    """A prover's pay addresses, one for each floor."""
    return [pay_address(factory, implementation, prover, floor) for floor in SETTLED_TIERS]
