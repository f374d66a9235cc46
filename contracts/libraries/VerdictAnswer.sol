// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Labels} from "../types/Verdict.sol";

/// @notice Tells a {Verdict} from other answers of a verifier, before anything is decoded.
library VerdictAnswer {
    /// @dev A {Verdict} is four words.
    uint256 private constant LENGTH = 128;

    /// @notice Whether `answer` is a verdict and nothing more, with no label but those of {Labels}.
    /// @param answer What a verifier returned.
    function isValid(bytes memory answer) internal pure returns (bool) {
        return answer.length == LENGTH && uint256(bytes32(answer)) <= Labels.ALL;
    }
}
