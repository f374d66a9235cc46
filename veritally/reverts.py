"""Revert data as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError
from eth_typing import ABIError
from eth_utils.abi import abi_to_signature, function_abi_to_4byte_selector, get_abi_input_types
from hexbytes import HexBytes
from web3.exceptions import ContractCustomError, ContractLogicError, Web3RPCError


def describe_revert(data: bytes, abi: Sequence[Any]) -> str:
    """Revert data as text: `Name(value, ...)` when `abi` declares the error, else the data in hex."""
    for entry in abi:
        if entry.get("type") != "error" or function_abi_to_4byte_selector(entry) != data[:4]:
            continue
        return _render_error(cast(ABIError, entry), data)
    return f"revert data 0x{data.hex()}" if data else "no revert data"


def _render_error(error: ABIError, data: bytes) -> str:
    try:
        values = decode(get_abi_input_types(error), data[4:], strict=False)  # USDC leaves dirt behind texts
    except DecodingError:
        return f"{abi_to_signature(error)} with malformed arguments 0x{data[4:].hex()}"
    shown = (f"0x{value.hex()}" if isinstance(value, bytes) else str(value) for value in values)
    return f"{error['name']}({', '.join(shown)})"


def refusal_reason(error: ContractLogicError | Web3RPCError, abi: Sequence[Any]) -> str:
    """Why a call reverted, decoded by `abi`, or why the node refused it."""
    if isinstance(error, ContractCustomError):
        return describe_revert(HexBytes(cast(str, error.data)), abi)
    if isinstance(error, Web3RPCError) and error.rpc_response is not None:
        return error.rpc_response["error"]["message"]
    return error.message or "reverted without a reason"
