// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {IntelCertificates} from "../../../contracts/attestation/IntelCertificates.sol";
import {TdxAttestation} from "../../../contracts/attestation/TdxAttestation.sol";
import {TdxCollateral} from "../../../contracts/attestation/TdxCollateral.sol";
import {Platform} from "../../../contracts/types/Claims.sol";

/// Deploys the contracts that verify TDX quotes, and reads what tools/make_tdx_vectors.py wrote.
abstract contract TdxTest is Test {
    /// A call of the contract with this number; the fields are in the order of the alphabet, as the parser wants them.
    struct Step {
        bytes data;
        uint256 target;
    }

    bytes32 internal constant INTEL_ROOT = 0x44a0196b2b99f889b8e149e95b807a350e7424964399e885a7cbb8ccfab674d3;
    string private constant STEP = "Step(bytes data,uint256 target)";

    IntelCertificates internal certificates;
    TdxCollateral internal collateral;
    TdxAttestation internal attestation;
    address[3] internal targets;

    function _deploy(bytes32 root, Platform platform) internal {
        certificates = new IntelCertificates(root, platform);
        collateral = new TdxCollateral(certificates);
        attestation = new TdxAttestation(collateral);
        targets = [address(certificates), address(collateral), address(attestation)];
    }

    function _readVectors(string memory name) internal view returns (string memory json) {
        return vm.readFile(string.concat("tests/vectors/attestation/", name, ".json"));
    }

    function _readSteps(string memory json, string memory key) internal pure returns (Step[] memory) {
        return abi.decode(vm.parseJsonTypeArray(json, key, STEP), (Step[]));
    }
}
