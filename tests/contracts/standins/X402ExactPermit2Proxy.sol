// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IX402ExactPermit2Proxy} from "../../../contracts/interfaces/external/IX402ExactPermit2Proxy.sol";
import {IX402UptoPermit2Proxy} from "../../../contracts/interfaces/external/IX402UptoPermit2Proxy.sol";
import {IPermit2, X402Permit2Proxy} from "./X402Permit2Proxy.sol";

/// @title Stand-in for x402's proxy of the scheme `exact` over Permit2
/// @notice FOR TESTS AND DEVELOPMENT CHAINS ONLY. A clean-room stand-in, written from published facts about the
/// behaviour of the x402 contract (its ABI, its errors, its signed types) without its source. It is put at the
/// canonical address, so that unmodified x402 clients can be tested where the real contract is not deployed.
/// @dev The published facts do not say whether an amount of zero is refused; here it is, as in the scheme `upto`.
contract X402ExactPermit2Proxy is IX402ExactPermit2Proxy, X402Permit2Proxy {
    /// @notice EIP-712 typehash of the witness.
    bytes32 public constant WITNESS_TYPEHASH = keccak256("Witness(address to,uint256 validAfter)");

    /// @notice What Permit2 needs to know of the witness type.
    string public constant WITNESS_TYPE_STRING =
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)";

    /// @param permit2 Address of Permit2.
    constructor(address permit2) X402Permit2Proxy(permit2) {}

    /// @inheritdoc IX402ExactPermit2Proxy
    function settle(
        IX402UptoPermit2Proxy.PermitTransferFrom calldata permit,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        _settle(permit, owner, witness, signature);

        emit IX402UptoPermit2Proxy.Settled();
    }

    /// @inheritdoc IX402ExactPermit2Proxy
    function settleWithPermit(
        IX402UptoPermit2Proxy.EIP2612Permit calldata permit2612,
        IX402UptoPermit2Proxy.PermitTransferFrom calldata permit,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        _permit(permit2612, permit.permitted, owner);
        _settle(permit, owner, witness, signature);

        emit IX402UptoPermit2Proxy.SettledWithPermit();
    }

    function _settle(
        IX402UptoPermit2Proxy.PermitTransferFrom calldata permit,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) private {
        uint256 amount = permit.permitted.amount;
        require(amount != 0, IX402UptoPermit2Proxy.InvalidAmount());
        _requireParties(owner, witness.to, witness.validAfter);

        PERMIT2.permitWitnessTransferFrom(
            permit,
            IPermit2.SignatureTransferDetails({to: witness.to, requestedAmount: amount}),
            owner,
            keccak256(abi.encode(WITNESS_TYPEHASH, witness.to, witness.validAfter)),
            WITNESS_TYPE_STRING,
            signature
        );
    }
}
