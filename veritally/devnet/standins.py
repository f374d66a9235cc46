"""Stand-ins of x402's contracts (`tests/contracts/standins`), where chains have the real ones."""

from __future__ import annotations

from dataclasses import dataclass

from eth_abi.abi import encode
from eth_typing import ChecksumAddress
from hexbytes import HexBytes
from web3.types import StateOverride

from veritally.chain import Chain
from veritally.devnet.anvil import set_code
from veritally.devnet.parts import Parts
from veritally.x402.addresses import (
    CHANNELS_ADDRESS,
    COLLECTOR_ADDRESS,
    EXACT_PROXY_ADDRESS,
    PERMIT2_ADDRESS,
    UPTO_PROXY_ADDRESS,
)


@dataclass(frozen=True)
class Standin:
    """A contract and its place."""

    name: str
    address: ChecksumAddress
    arguments: tuple[ChecksumAddress, ...]
    """What its constructor is given."""


STANDINS = (
    Standin("X402ExactPermit2Proxy", EXACT_PROXY_ADDRESS, (PERMIT2_ADDRESS,)),
    Standin("X402UptoPermit2Proxy", UPTO_PROXY_ADDRESS, (PERMIT2_ADDRESS,)),
    Standin("X402BatchSettlement", CHANNELS_ADDRESS, ()),
    Standin("X402ERC3009DepositCollector", COLLECTOR_ADDRESS, (CHANNELS_ADDRESS,)),
)


def install_standins(chain: Chain, parts: Parts) -> None:
    """Puts every stand-in in its place, as its constructor would leave it there.

    Raises:
        DevnetError: one of them is not compiled, or the node refuses.
    """
    for standin in STANDINS:
        arguments = encode(["address"] * len(standin.arguments), standin.arguments)
        creation = bytes(HexBytes(parts.compiled(standin.name).bytecode)) + arguments
        # The constructor runs at the address itself, so that what it remembers of its address is right.
        override: StateOverride = {standin.address: {"code": creation}}
        runtime = chain.w3.eth.call({"to": standin.address}, "latest", override)
        set_code(chain, standin.address, runtime.to_0x_hex())
