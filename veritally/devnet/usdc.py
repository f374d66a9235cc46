"""Circle's own USDC contract, where Base Sepolia has it."""

from __future__ import annotations

import re

from eth_account.signers.local import LocalAccount
from eth_typing import ChecksumAddress
from web3 import Web3
from web3.contract import Contract

from veritally.abi import Artifact
from veritally.chain import Chain
from veritally.devnet.anvil import call_node, set_code
from veritally.devnet.parts import Parts
from veritally.errors import DevnetError

USDC_ADDRESS: ChecksumAddress = Web3.to_checksum_address("0x036CbD53842c5426634e7929541eC2318f3dCF7e")
DOMAIN_SEPARATOR = bytes.fromhex("71f17a3b2ff373b803d70a5a07c046c1a2bc8e89c09ef722fcb047abe94c9818")
"""EIP-712 domain of USDC on Base Sepolia: what every payer's signature commits to."""

IMPLEMENTATION_SLOT = "0x7050c9e0f4ca769c69bd3a8ef740bc37934f8e2c036e5a723fd8ee048ed3f8c3"
ADMIN_SLOT = "0x10d6a54a4754c8869d6886b5f5d7fbfa5b4522237ea5c60d11bc4e7a1ff9390b"
NOBODY = Web3.to_checksum_address("0x000000000000000000000000000000000000dEaD")
"""Proxy admin and recipient of stray tokens: nobody calls from here, and the admin cannot use the token."""
MINT_ALLOWANCE_BASE_UNITS = 10**18
LIBRARY_MARK = r"__\$[0-9a-f]{34}\$__"


def install_usdc(chain: Chain, parts: Parts, issuer: LocalAccount) -> Contract:
    """Puts FiatTokenV2_2 behind its proxy at `USDC_ADDRESS`; `issuer` gets every role and mints.

    Raises:
        DevnetError: a part is missing, or the token's signing domain is not that of USDC on Base Sepolia.
        TransactionFailedError: a transaction reverts.
    """
    implementation = _implementation(chain, parts, issuer)
    set_code(chain, USDC_ADDRESS, parts.stablecoin_runtime("v1", "FiatTokenProxy"))
    for slot, value in ((IMPLEMENTATION_SLOT, implementation.address), (ADMIN_SLOT, NOBODY)):
        call_node(chain, "anvil_setStorageAt", USDC_ADDRESS, slot, "0x" + value[2:].rjust(64, "0"))
    token = chain.w3.eth.contract(address=USDC_ADDRESS, abi=implementation.abi)
    _initialize(chain, token, issuer)
    separator = token.functions.DOMAIN_SEPARATOR().call()
    if separator != DOMAIN_SEPARATOR:
        raise DevnetError(
            f"USDC has the signing domain 0x{separator.hex()}", "run `make setup` in the repository"
        )
    return token


def _implementation(chain: Chain, parts: Parts, issuer: LocalAccount) -> Contract:
    """Deploys FiatTokenV2_2, linked to the library that checks its signatures."""
    library = chain.deploy(parts.stablecoin("util", "SignatureChecker"), account=issuer)
    token = parts.stablecoin("v2", "FiatTokenV2_2")
    linked = re.sub(LIBRARY_MARK, library[2:].lower(), token.bytecode)
    address = chain.deploy(Artifact(token.name, token.abi, linked), account=issuer)
    return chain.w3.eth.contract(address=address, abi=token.abi)


def _initialize(chain: Chain, token: Contract, issuer: LocalAccount) -> None:
    call, owner = token.functions, issuer.address
    for step in (
        call.initialize("USDC", "USDC", "USD", 6, owner, owner, owner, owner),
        call.initializeV2("USDC"),
        call.initializeV2_1(NOBODY),
        call.initializeV2_2([], "USDC"),
        call.configureMinter(owner, MINT_ALLOWANCE_BASE_UNITS),
    ):
        chain.send(step, issuer)
