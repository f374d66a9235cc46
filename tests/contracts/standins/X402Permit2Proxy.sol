// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {IX402UptoPermit2Proxy} from "../../../contracts/interfaces/external/IX402UptoPermit2Proxy.sol";

/// @notice The one function of Permit2 that the proxies call.
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

/// @title What the stand-ins of x402's two Permit2 proxies share
/// @notice FOR TESTS AND DEVELOPMENT CHAINS ONLY.
abstract contract X402Permit2Proxy {
    /// @notice The Permit2 that moves the tokens.
    IPermit2 public immutable PERMIT2;

    /// @param permit2 Address of Permit2.
    constructor(address permit2) {
        PERMIT2 = IPermit2(permit2);
    }

    /// @dev Offers the EIP-2612 permit to the token; its refusal is only reported.
    function _permit(
        IX402UptoPermit2Proxy.EIP2612Permit calldata permit2612,
        IX402UptoPermit2Proxy.TokenPermissions calldata permitted,
        address owner
    ) internal {
        require(permit2612.value == permitted.amount, IX402UptoPermit2Proxy.Permit2612AmountMismatch());

        address token = permitted.token;
        try IERC20Permit(token)
            .permit(
                owner, address(PERMIT2), permit2612.value, permit2612.deadline, permit2612.v, permit2612.r, permit2612.s
            ) {}
        catch Error(string memory reason) {
            emit IX402UptoPermit2Proxy.EIP2612PermitFailedWithReason(token, owner, reason);
        } catch Panic(uint256 errorCode) {
            emit IX402UptoPermit2Proxy.EIP2612PermitFailedWithPanic(token, owner, errorCode);
        } catch (bytes memory data) {
            emit IX402UptoPermit2Proxy.EIP2612PermitFailedWithData(token, owner, data);
        }
    }

    function _requireParties(address owner, address to, uint256 validAfter) internal view {
        require(to != address(0), IX402UptoPermit2Proxy.InvalidDestination());
        require(owner != address(0), IX402UptoPermit2Proxy.InvalidOwner());
        require(block.timestamp >= validAfter, IX402UptoPermit2Proxy.PaymentTooEarly());
    }
}
