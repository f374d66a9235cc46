"""What is known of payment channels: each change is part of the transaction that reserves or charges."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak
from sqlmodel import Session

from prover.jobs.codec import channel_from_text, channel_to_text, order_of
from prover.jobs.errors import ChannelStateError
from prover.jobs.job import Order, Voucher
from prover.jobs.tables import ChannelRow, DepositRow, JobRow
from veritally.payments import BatchPayment, ChannelConfig

WAITING = "waiting"
"""A deposit that nobody needs yet."""


@dataclass(frozen=True)
class Channel:
    """A payment channel as it is stored now."""

    channel_id: bytes
    config: ChannelConfig
    charged_base_units: int
    """Over the channel's life. The next voucher must cover this and the price of its request."""
    voucher_base_units: int | None
    """The highest sum that the payer signed for; None before anything was charged here."""
    voucher_signature: bytes | None
    is_busy: bool
    """Whether a request runs: its price is known only afterwards, so the next one waits."""
    withdraw_requested_at_s: int | None
    """When the payer asked for its money back; unix time by the chain."""


def find(session: Session, channel_id: bytes) -> Channel | None:
    """The channel with this id; None when nothing was paid out of it here."""
    row = session.get(ChannelRow, channel_id)
    if row is None:
        return None
    return Channel(
        channel_id=row.id,
        config=channel_from_text(row.config),
        charged_base_units=row.charged,
        voucher_base_units=row.voucher_cumulative,
        voucher_signature=row.voucher_signature,
        is_busy=row.running_job is not None,
        withdraw_requested_at_s=row.withdraw_requested_at_s,
    )


def reserve(session: Session, order: Order) -> None:
    """Lets a request run on its channel.

    Raises:
        ChannelStateError: another one runs, or the voucher does not go on from what was charged.
    """
    voucher = order.voucher
    if voucher is None:
        return
    row = session.get(ChannelRow, voucher.channel_id)
    first_charged = voucher.cumulative_base_units - order.max_amount_base_units
    charged = first_charged if row is None else row.charged
    if row is not None and row.running_job is not None:
        raise ChannelStateError(row.id, "another request on it is not done", charged)
    if first_charged != charged or charged < 0:
        wrong = "low" if first_charged <= charged else "high"
        problem = f"the voucher over {voucher.cumulative_base_units} base units is too {wrong}"
        raise ChannelStateError(voucher.channel_id, problem, max(charged, 0))
    if row is None:
        config = channel_to_text(voucher.channel)
        row = ChannelRow(id=voucher.channel_id, payer=order.payer, config=config, charged=charged)
        session.add(row)
        session.flush()  # so that the next request finds it
    row.running_job = order.job_id
    _keep_deposit(session, voucher)


def charge(session: Session, job: JobRow, amount_base_units: int) -> None:
    """Adds the price of a request to its channel, with the voucher that covers it."""
    row = _row_of(session, job)
    if row is None or not isinstance(payment := order_of(job).payment, BatchPayment):
        return
    row.charged += amount_base_units
    row.voucher_cumulative = payment.max_claimable_base_units
    row.voucher_signature = payment.signature
    row.running_job = None


def release(session: Session, job: JobRow) -> None:
    """Lets the next request run on the channel; this one cost nothing."""
    row = _row_of(session, job)
    if row is not None and row.running_job == job.id:
        row.running_job = None


def _row_of(session: Session, job: JobRow) -> ChannelRow | None:
    return None if job.channel_id is None else session.get(ChannelRow, job.channel_id)


def _keep_deposit(session: Session, voucher: Voucher) -> None:
    if voucher.deposit is None:
        return
    calldata = voucher.deposit.calldata()
    deposit_id = bytes(keccak(calldata))
    if session.get(DepositRow, deposit_id) is None:
        amount = voucher.deposit.amount_base_units
        session.add(
            DepositRow(
                id=deposit_id,
                channel_id=voucher.channel_id,
                amount=amount,
                calldata=calldata,
                state=WAITING,
            )
        )
