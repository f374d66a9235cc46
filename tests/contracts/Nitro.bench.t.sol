// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AttestationTest} from "./base/AttestationTest.sol";

/// What whole transactions cost that verify a real document, as {GasBench} counts: 21,000 and the calldata included. Cold
/// is the first document below AWS's root ever, warm one whose certificates are all cached.
contract NitroBench is AttestationTest {
    string private constant GROUP = "Nitro";
    uint256 private constant TRANSACTION_GAS = 21_000;
    /// Most gas that a transaction may have, on chains with EIP-7825.
    uint256 private constant TRANSACTION_GAS_CAP = 1 << 24;

    Accepted private vector;

    function setUp() public override {
        vm.skip(!vm.envOr("VERITALLY_GAS_BENCH", false));
        super.setUp();
        _useAws();
        Accepted[] memory vectors = _readReal();
        vector = vectors[vectors.length - 1];
        vm.warp(vector.timestamp);
    }

    function test_cold() public {
        _snapshot("nitro_cold");
    }

    function test_warm() public {
        verifier.verify(vector.document, vector.hints);
        for (uint256 i; i + 1 < vector.hints.length; ++i) {
            vector.hints[i] = "";
        }
        _snapshot("nitro_warm");
    }

    /// Where the caller gives all hints, so that nobody's transaction in between matters.
    function test_warmWithAllHints() public {
        verifier.verify(vector.document, vector.hints);
        _snapshot("nitro_warm_with_all_hints");
    }

    function test_size() public {
        vm.snapshotValue(GROUP, "size_nitro_attestation", address(verifier).code.length);
    }

    /// With `--isolate` the call is a transaction of its own, and forge counts 21,000 and the calldata.
    function _snapshot(string memory name) private {
        bytes memory data = abi.encodeCall(verifier.verify, (vector.document, vector.hints));
        (bool success,) = address(verifier).call(data);
        uint256 gasUsed = vm.lastCallGas().gasTotalUsed;
        assertTrue(success, name);
        assertLt(gasUsed, TRANSACTION_GAS_CAP, "fits into one transaction");
        assertGt(gasUsed, TRANSACTION_GAS + data.length * 4, "run with --isolate");
        vm.snapshotValue(GROUP, name, gasUsed);
    }
}
