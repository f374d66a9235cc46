// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IDepositCollector} from "./X402BatchSettlement.sol";

/// @notice The one function of a token that the collector calls: EIP-3009 with the signature as bytes.
interface IReceiveWithAuthorization {
    /// @notice Moves tokens to the caller on the holder's signature.
    /// @param from The holder, who signed: an account, or a contract by ERC-1271.
    /// @param to The caller.
    /// @param value Base units.
    /// @param validAfter Unix time in seconds, exclusive.
    /// @param validBefore Unix time in seconds, exclusive.
    /// @param nonce The holder's, used once.
    /// @param signature Over all of these.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
}

/// @title Stand-in for x402's collector of deposits by EIP-3009
/// @notice FOR TESTS AND DEVELOPMENT CHAINS ONLY. A clean-room stand-in, written from published facts (the layout of
/// its data, its nonce, the function of the token that it calls) without its source. It is put at the canonical address,
/// to which x402 clients authorise their deposits.
/// @dev The published facts do not say who may call; here only the settlement contract may.
contract X402ERC3009DepositCollector is IDepositCollector {
    using SafeERC20 for IERC20;

    /// @notice The settlement contract, which gets the tokens.
    address public immutable SETTLEMENT;

    /// @notice Somebody else than the settlement contract called.
    error OnlySettlement(address caller);

    /// @param settlement Address of the settlement contract.
    constructor(address settlement) {
        SETTLEMENT = settlement;
    }

    /// @inheritdoc IDepositCollector
    /// @dev `data` is `(uint256 validAfter, uint256 validBefore, uint256 salt, bytes signature)`.
    function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes calldata data) external {
        require(msg.sender == SETTLEMENT, OnlySettlement(msg.sender));
        (uint256 validAfter, uint256 validBefore, uint256 salt, bytes memory signature) =
            abi.decode(data, (uint256, uint256, uint256, bytes));
        bytes32 nonce = keccak256(abi.encode(channelId, salt));

        IReceiveWithAuthorization(token)
            .receiveWithAuthorization(payer, address(this), amount, validAfter, validBefore, nonce, signature);
        IERC20(token).safeTransfer(SETTLEMENT, amount);
    }
}
