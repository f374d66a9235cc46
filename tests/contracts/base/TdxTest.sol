// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {IntelCertificates} from "../../../contracts/attestation/IntelCertificates.sol";
import {TdxAttestation} from "../../../contracts/attestation/TdxAttestation.sol";
import {TdxCollateral} from "../../../contracts/attestation/TdxCollateral.sol";
import {Platform} from "../../../contracts/types/Claims.sol";

/// Deploys the contracts that verify TDX quotes.
abstract contract TdxTest is Test {
    string internal constant FOLDER = "tests/vectors/attestation/";

    IntelCertificates internal certificates;
    TdxCollateral internal collateral;
    TdxAttestation internal attestation;

    function _deploy(bytes32 root, Platform platform) internal {
        certificates = new IntelCertificates(root, platform);
        collateral = new TdxCollateral(certificates);
        attestation = new TdxAttestation(collateral);
    }
}
