// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Platform} from "../../contracts/types/Claims.sol";
import {TdxTest} from "./base/TdxTest.sol";

/// Forge's cheatcode for it, which forge-std does not name.
interface IEvmVersion {
    function setEvmVersion(string calldata version) external;
}

/// What whole transactions cost that verify a real TDX quote or submit Intel's lists, as {GasBench} counts: 21,000 and the
/// calldata included. `_osaka` is with the precompile for P-256, the others are without. Nothing is stored before the
/// lists are, so that each of them is the first of its kind.
contract TdxBench is TdxTest {
    string private constant GROUP = "Tdx";
    uint256 private constant TRANSACTION_GAS = 21_000;
    /// Most gas that a transaction may have, on chains with EIP-7825.
    uint256 private constant TRANSACTION_GAS_CAP = 1 << 24;

    string[4] private names =
        ["tdx_submit_root_crl", "tdx_submit_pck_crl", "tdx_submit_tcb_info", "tdx_submit_qe_identity"];
    string private json;

    function setUp() public {
        vm.skip(!vm.envOr("VERITALLY_GAS_BENCH", false));
        json = _readVectors("tdx_real");
        _deploy(INTEL_ROOT, Platform.TDX);
        vm.warp(vm.parseJsonUint(json, ".timestamp"));
    }

    function test_withoutPrecompile() public {
        IEvmVersion(address(vm)).setEvmVersion("prague");
        _measure("");
    }

    function test_withPrecompile() public {
        IEvmVersion(address(vm)).setEvmVersion("osaka");
        _measure("_osaka");
    }

    function test_sizes() public {
        vm.snapshotValue(GROUP, "size_intel_certificates", address(certificates).code.length);
        vm.snapshotValue(GROUP, "size_tdx_collateral", address(collateral).code.length);
        vm.snapshotValue(GROUP, "size_tdx_attestation", address(attestation).code.length);
    }

    function _measure(string memory suffix) private {
        Step[] memory steps = _readSteps(json, ".steps");
        for (uint256 i; i < steps.length; ++i) {
            _snapshot(string.concat(names[i], suffix), targets[steps[i].target], steps[i].data);
        }
        bytes memory document = vm.parseJsonBytes(json, ".document");
        bytes[] memory hints = vm.parseJsonBytesArray(json, ".hints");
        bytes memory data = abi.encodeCall(attestation.verify, (document, hints));
        _snapshot(string.concat("tdx_verify", suffix), address(attestation), data);
    }

    /// With `--isolate` the call is a transaction of its own, and forge counts 21,000 and the calldata.
    function _snapshot(string memory name, address target, bytes memory data) private {
        (bool success,) = target.call(data);
        uint256 gasUsed = vm.lastCallGas().gasTotalUsed;
        assertTrue(success, name);
        assertLt(gasUsed, TRANSACTION_GAS_CAP, "fits into one transaction");
        assertGt(gasUsed, TRANSACTION_GAS + data.length * 4, "run with --isolate");
        vm.snapshotValue(GROUP, name, gasUsed);
    }
}
