// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {IEnclaveRegistry} from "../interfaces/IEnclaveRegistry.sol";
import {ITeeVerifier} from "../interfaces/ITeeVerifier.sol";
import {Claim, IVerifier} from "../interfaces/IVerifier.sol";
import {Tier} from "../types/Tier.sol";

/// @title TeeVerifier
/// @notice See {ITeeVerifier}.
contract TeeVerifier is ITeeVerifier {
    /// @inheritdoc ITeeVerifier
    IEnclaveRegistry public immutable ENCLAVES;

    /// @param enclaves Registry of enclave keys.
    constructor(IEnclaveRegistry enclaves) {
        ENCLAVES = enclaves;
    }

    /// @inheritdoc IVerifier
    function verify(Claim calldata claim, bytes calldata evidence) external view returns (bool development) {
        (address key, ECDSA.RecoverError error,) = ECDSA.tryRecoverCalldata(claim.groupDigest, evidence);
        require(error == ECDSA.RecoverError.NoError, MalformedEvidence());

        return ENCLAVES.requireActive(key, claim.modelId, claim.prover);
    }

    /// @inheritdoc IVerifier
    function tier() external pure returns (Tier) {
        return Tier.TEE;
    }
}
