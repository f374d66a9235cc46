"""A development chain with everything that a payment needs: USDC, Permit2, x402's contracts and ours.

It listens under the chain id of Base Sepolia, so that x402 clients pay on it with their default settings.
"""

from __future__ import annotations

from veritally.devnet.accounts import Accounts
from veritally.devnet.network import Devnet, start_devnet

__all__ = ["Accounts", "Devnet", "start_devnet"]
