"""Where chains have Permit2 and the contracts of x402: the same addresses everywhere."""

from __future__ import annotations

from eth_typing import ChecksumAddress
from web3 import Web3

PERMIT2_ADDRESS: ChecksumAddress = Web3.to_checksum_address("0x000000000022D473030F116dDEE9F6B43aC78BA3")
EXACT_PROXY_ADDRESS: ChecksumAddress = Web3.to_checksum_address("0x402085c248EeA27D92E8b30b2C58ed07f9E20001")
UPTO_PROXY_ADDRESS: ChecksumAddress = Web3.to_checksum_address("0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002")
CHANNELS_ADDRESS: ChecksumAddress = Web3.to_checksum_address("0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003")
"""The contract of the scheme `batch-settlement`."""
COLLECTOR_ADDRESS: ChecksumAddress = Web3.to_checksum_address("0x4020806089470a89826cB9fB1f4059150b550004")
"""Fetches deposits for channels by EIP-3009."""
