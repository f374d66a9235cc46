// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

import {Claim, IVerifier} from "../interfaces/IVerifier.sol";
import {ISignedVerifier} from "../interfaces/ISignedVerifier.sol";
import {Tier} from "../types/Tier.sol";
import {Verdict} from "../types/Verdict.sol";

/// @title SignedVerifier
/// @notice See {ISignedVerifier}.
contract SignedVerifier is ISignedVerifier {
    /// @inheritdoc IVerifier
    function tier() external pure returns (Tier) {
        return Tier.SIGNED;
    }

    /// @inheritdoc IVerifier
    function verify(Claim calldata claim, bytes calldata evidence) external view returns (Verdict memory verdict) {
        require(
            SignatureChecker.isValidSignatureNowCalldata(claim.prover, claim.groupDigest, evidence),
            NotSignedByProver(claim.prover)
        );
        return Verdict({labels: 0, key: 0, valueCap: 0, refused: 0});
    }
}
