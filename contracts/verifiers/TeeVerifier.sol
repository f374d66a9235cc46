// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IEnclaveRegistry} from "../interfaces/IEnclaveRegistry.sol";
import {ITeeVerifier} from "../interfaces/ITeeVerifier.sol";
import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {Claim, IVerifier} from "../interfaces/IVerifier.sol";
import {EnclaveSignature} from "../libraries/EnclaveSignature.sol";
import {Tier} from "../types/Tier.sol";
import {Labels, Verdict} from "../types/Verdict.sol";

/// @title TeeVerifier
/// @notice See {ITeeVerifier}.
contract TeeVerifier is ITeeVerifier {
    /// @inheritdoc ITeeVerifier
    IEnclaveRegistry public immutable ENCLAVES;
    /// @dev The registry's own.
    IModelRegistry private immutable _MODELS;

    /// @param enclaves Registry of enclave keys.
    constructor(IEnclaveRegistry enclaves) {
        ENCLAVES = enclaves;
        _MODELS = enclaves.MODELS();
    }

    /// @inheritdoc IVerifier
    function verify(Claim calldata claim, bytes calldata evidence) external view returns (Verdict memory) {
        bytes32 key = EnclaveSignature.signerOf(claim.groupDigest, evidence);
        require(key != 0, MalformedEvidence());
        bool development = ENCLAVES.requireActive(key, claim.modelId, claim.prover);
        return Verdict({
            labels: development ? Labels.DEVELOPMENT : 0,
            key: key,
            valueCap: _MODELS.valueCapOf(claim.modelId, claim.asset),
            refused: 0
        });
    }

    /// @inheritdoc IVerifier
    function tier() external pure returns (Tier) {
        return Tier.TEE;
    }
}
