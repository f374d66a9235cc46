// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What a verifier says of a group whose evidence it accepts.
struct Verdict {
    /// @dev Bits of {Labels}: how the evidence is weaker than its tier says.
    uint8 labels;
    /// @dev Key whose settled value is limited; zero when no limit applies.
    bytes32 key;
    /// @dev Base units of the group's asset that the key may back in total, what settled before included.
    uint256 valueCap;
    /// @dev Receipts that the evidence does not back: bit i for the receipt at position i. Only verifiers that judge
    /// receipts one by one set it; receipts beyond the 256th stand and fall with the group.
    uint256 refused;
}

using VerdictLib for Verdict global;

/// @notice Reads a {Verdict}.
library VerdictLib {
    /// @notice Whether the evidence does not back the receipt at `index`.
    function refuses(Verdict memory verdict, uint256 index) internal pure returns (bool) {
        return verdict.refused >> index & 1 == 1;
    }
}

/// @notice Bits of {Verdict-labels}, and of the events' flags.
library Labels {
    /// @notice The evidence rests on a development root or a development SRS and proves nothing elsewhere.
    uint8 internal constant DEVELOPMENT = 1;
    /// @notice The evidence names no chain, prover, payer or nonce: it may have been made for somebody else.
    uint8 internal constant UNBOUND = 2;
    /// @notice All bits that mean something.
    uint8 internal constant ALL = DEVELOPMENT | UNBOUND;
}
