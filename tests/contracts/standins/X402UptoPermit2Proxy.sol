// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IX402UptoPermit2Proxy} from "../../../contracts/interfaces/external/IX402UptoPermit2Proxy.sol";

/// @notice The one function of Permit2 that the proxy calls.
interface IPermit2 {
    struct SignatureTransferDetails {
        address to;
        uint256 requestedAmount;
    }

    /// @notice Moves tokens on the owner's signature over the permit, the caller and a witness.
    /// @param permit Token, maximum, nonce and deadline.
    /// @param transferDetails Recipient and amount.
    /// @param owner The signer.
    /// @param witness Hash of the witness struct.
    /// @param witnessTypeString EIP-712 type of the witness, continuing Permit2's stub.
    /// @param signature The owner's signature.
    function permitWitnessTransferFrom(
        IX402UptoPermit2Proxy.PermitTransferFrom calldata permit,
        SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes32 witness,
        string calldata witnessTypeString,
        bytes calldata signature
    ) external;
}

/// @title Stand-in for x402's proxy of the scheme `upto`
/// @notice FOR TESTS AND DEVELOPMENT CHAINS ONLY. A clean-room stand-in, written from published facts about the
/// behaviour of the x402 contract (its ABI, its errors, its signed types) without its source. It is put at the
/// canonical address, so that unmodified x402 clients can be tested where the real contract is not deployed.
/// @dev `settleWithPermit` is not there.
contract X402UptoPermit2Proxy is IX402UptoPermit2Proxy {
    /// @notice The Permit2 that moves the tokens.
    IPermit2 public immutable PERMIT2;

    /// @notice EIP-712 typehash of the witness.
    bytes32 public constant WITNESS_TYPEHASH = keccak256("Witness(address to,address facilitator,uint256 validAfter)");

    /// @notice What Permit2 needs to know of the witness type.
    string public constant WITNESS_TYPE_STRING =
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,address facilitator,uint256 validAfter)";

    /// @param permit2 Address of Permit2.
    constructor(address permit2) {
        PERMIT2 = IPermit2(permit2);
    }

    /// @inheritdoc IX402UptoPermit2Proxy
    function settle(
        PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        require(msg.sender == witness.facilitator, UnauthorizedFacilitator());
        require(amount != 0, InvalidAmount());
        require(amount <= permit.permitted.amount, AmountExceedsPermitted());
        require(witness.to != address(0), InvalidDestination());
        require(owner != address(0), InvalidOwner());
        require(block.timestamp >= witness.validAfter, PaymentTooEarly());

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

        emit Settled();
    }
}
