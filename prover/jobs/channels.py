"""What is known of payment channels: each change is part of the transaction that reserves or charges."""

from __future__ import annotations

from dataclasses import dataclass

from eth_utils.crypto import keccak
from sqlalchemy import bindparam, select, update
from sqlmodel import Session, col

from prover.jobs.codec import channel_from_text, channel_to_text, payment_from_text
from prover.jobs.errors import ChannelStateError
from prover.jobs.job import Order, Voucher
from prover.jobs.tables import ChannelRow, DepositRow, JobRow
from veritally.payments import BatchPayment, ChannelConfig

WAITING = "waiting"
"""A deposit that nobody needs yet."""
_IS_CHANNEL = col(ChannelRow.id) == bindparam("channel")
# Prepared once, and without objects for rows: each request of a channel needs three of these.
_STANDING = select(col(ChannelRow.charged), col(ChannelRow.running_job)).where(_IS_CHANNEL)
_RUN = update(ChannelRow).where(_IS_CHANNEL).values(running_job=bindparam("job"))
_END = update(ChannelRow).where(_IS_CHANNEL, col(ChannelRow.running_job) == bindparam("job"))
_END = _END.values(running_job=None)
_CHARGE = (
    update(ChannelRow)
    .where(_IS_CHANNEL)
    .values(
        charged=bindparam("sum"),
        voucher_cumulative=bindparam("cumulative"),
        voucher_signature=bindparam("signature"),
        running_job=None,
    )
)


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
    channel_id = voucher.channel_id
    standing = _standing(session, channel_id)
    first_charged = voucher.cumulative_base_units - order.max_amount_base_units
    charged, running = standing or (first_charged, None)
    if running is not None:
        raise ChannelStateError(channel_id, "another request on it is not done", charged)
    if first_charged != charged or charged < 0:
        wrong = "low" if first_charged <= charged else "high"
        problem = f"the voucher over {voucher.cumulative_base_units} base units is too {wrong}"
        raise ChannelStateError(channel_id, problem, max(charged, 0))
    if standing is None:
        config = channel_to_text(voucher.channel)
        session.add(ChannelRow(id=channel_id, payer=order.payer, config=config, charged=charged))
        session.flush()  # so that it, and the next request, find it
    session.connection().execute(_RUN, {"channel": channel_id, "job": order.job_id})
    _keep_deposit(session, voucher)


def charge(session: Session, job: JobRow, amount_base_units: int) -> None:
    """Adds the price of a request to its channel, with the voucher that covers it."""
    standing = None if job.channel_id is None else _standing(session, job.channel_id)
    if standing is None or not isinstance(payment := payment_from_text(job.payment), BatchPayment):
        return
    charged, _ = standing
    values = {
        "channel": job.channel_id,
        "sum": charged + amount_base_units,
        "cumulative": payment.max_claimable_base_units,
        "signature": payment.signature,
    }
    session.connection().execute(_CHARGE, values)


def release(session: Session, job: JobRow) -> None:
    """Lets the next request run on the channel; this one cost nothing."""
    if job.channel_id is not None:
        session.connection().execute(_END, {"channel": job.channel_id, "job": job.id})


def _standing(session: Session, channel_id: bytes) -> tuple[int, bytes | None] | None:
    """What a channel was charged, and the request that runs on it; None when it is not known."""
    found = session.connection().execute(_STANDING, {"channel": channel_id}).one_or_none()
    return None if found is None else (found[0], found[1])


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
