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
