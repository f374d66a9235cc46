// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAttestationVerifier} from "../../../contracts/interfaces/IAttestationVerifier.sol";
import {AttestationClaims, Platform} from "../../../contracts/types/Claims.sol";

/// Gives back the claims that it is told, so that what a registry makes of claims can be fuzzed. The document is their
/// encoding.
contract AttestationStandIn is IAttestationVerifier {
    Platform public immutable PLATFORM;

    constructor(Platform platform) {
        PLATFORM = platform;
    }

    function verify(bytes calldata document, bytes[] calldata) external pure returns (AttestationClaims memory) {
        return abi.decode(document, (AttestationClaims));
    }
}
