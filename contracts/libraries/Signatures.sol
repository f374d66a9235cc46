// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {BoundedCall} from "./BoundedCall.sol";

/// @notice Signatures of externally owned accounts and, with bounded gas and answer, of ERC-1271 contracts.
library Signatures {
    /// @notice Whether `signer` signed `digest`.
    /// @param signer Account or contract.
    /// @param digest What was signed.
    /// @param signature 65 bytes (r, s, v) with a low s, or whatever the contract accepts.
    /// @param gasLimit Gas that a contract may use.
    /// @return True when it did.
    function isValid(address signer, bytes32 digest, bytes calldata signature, uint256 gasLimit)
        internal
        view
        returns (bool)
    {
        if (signer.code.length == 0) {
            (address recovered, ECDSA.RecoverError error,) = ECDSA.tryRecoverCalldata(digest, signature);
            return error == ECDSA.RecoverError.NoError && recovered == signer;
        }
        (bool success, bytes memory output) = BoundedCall.tryStaticCall(
            signer, gasLimit, 32, abi.encodeCall(IERC1271.isValidSignature, (digest, signature))
        );
        return success && output.length == 32 && bytes32(output) == bytes32(IERC1271.isValidSignature.selector);
    }
}
