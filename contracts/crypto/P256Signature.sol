// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

/// @notice ECDSA over the curve P-256 as FIPS 186-5 defines it.
/// @dev Uses the precompile of EIP-7951 and RIP-7212 where a chain has it, and OpenZeppelin's Solidity elsewhere.
library P256Signature {
    /// @notice Whether the key (x, y) signed `digest`.
    /// @dev Both s and n - s are accepted, as ECDSA says; OpenZeppelin takes the smaller one only. A signature is
    /// therefore no name of what it signs.
    /// @param digest The hash that was signed.
    /// @param r First number of the signature.
    /// @param s Second number of the signature.
    /// @param x Of the public key.
    /// @param y Of the public key.
    /// @return True when it did. False, too, when r or s is out of its range or (x, y) is no point of the curve.
    function isValid(bytes32 digest, bytes32 r, bytes32 s, bytes32 x, bytes32 y) internal view returns (bool) {
        uint256 value = uint256(s);
        if (value > P256.N / 2 && value < P256.N) {
            s = bytes32(P256.N - value);
        }
        return P256.verify(digest, r, s, x, y);
    }
}
