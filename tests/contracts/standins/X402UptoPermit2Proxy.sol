// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IX402UptoPermit2Proxy} from "../../../contracts/interfaces/external/IX402UptoPermit2Proxy.sol";
import {IPermit2, X402Permit2Proxy} from "./X402Permit2Proxy.sol";

/// @title Stand-in for x402's proxy of the scheme `upto`
/// @notice FOR TESTS AND DEVELOPMENT CHAINS ONLY. A clean-room stand-in, written from published facts about the
/// behaviour of the x402 contract (its ABI, its errors, its signed types) without its source. It is put at the
/// canonical address, so that unmodified x402 clients can be tested where the real contract is not deployed.
contract X402UptoPermit2Proxy is IX402UptoPermit2Proxy, X402Permit2Proxy {
    /// @notice EIP-712 typehash of the witness.
    bytes32 public constant WITNESS_TYPEHASH = keccak256("Witness(address to,address facilitator,uint256 validAfter)");

    /// @notice What Permit2 needs to know of the witness type.
    string public constant WITNESS_TYPE_STRING =
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,address facilitator,uint256 validAfter)";

    /// @param permit2 Address of Permit2.
    constructor(address permit2) X402Permit2Proxy(permit2) {}

    /// @inheritdoc IX402UptoPermit2Proxy
    function settle(
        PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        _settle(permit, amount, owner, witness, signature);

        emit Settled();
    }

    /// @inheritdoc IX402UptoPermit2Proxy
    function settleWithPermit(
        EIP2612Permit calldata permit2612,
        PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        _permit(permit2612, permit.permitted, owner);
        _settle(permit, amount, owner, witness, signature);

        emit SettledWithPermit();
    }

    function _settle(
        PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) private {
        require(msg.sender == witness.facilitator, UnauthorizedFacilitator());
        require(amount != 0, InvalidAmount());
        require(amount <= permit.permitted.amount, AmountExceedsPermitted());
        _requireParties(owner, witness.to, witness.validAfter);

        bytes32 witnessHash =
            keccak256(abi.encode(WITNESS_TYPEHASH, witness.to, witness.facilitator, witness.validAfter));
        PERMIT2.permitWitnessTransferFrom(
            permit,
            IPermit2.SignatureTransferDetails({to: witness.to, requestedAmount: amount}),
            owner,
            witnessHash,
            WITNESS_TYPE_STRING,
            signature
        );
    }
}
