// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Claim, IVerifier} from "../../../contracts/interfaces/IVerifier.sol";
import {Tier} from "../../../contracts/types/Tier.sol";
import {Verdict} from "../../../contracts/types/Verdict.sol";

/// A STUB, not a verifier: it accepts everything, and its answer is the four words that it was told, cut or filled up
/// with zeroes to a number of bytes. A word may be one that no {Verdict} can hold.
contract VerdictVerifierStub is IVerifier {
    /// @inheritdoc IVerifier
    Tier public immutable tier;
    bytes private _words = new bytes(128);
    uint256 private _size = 128;

    constructor(Tier tier_) {
        tier = tier_;
    }

    function say(uint256 labels, bytes32 key, uint256 valueCap) external {
        _words = abi.encode(labels, key, valueCap, 0);
    }

    function refuse(uint256 refused) external {
        _words = abi.encode(0, 0, 0, refused);
    }

    function sayBytes(uint256 size) external {
        _size = size;
    }

    /// @inheritdoc IVerifier
    function verify(Claim calldata, bytes calldata) external view returns (Verdict memory) {
        uint256 size = _size;
        bytes memory words = _words;
        assembly {
            return(add(words, 0x20), size)
        }
    }
}
