// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {OpenGradientTest} from "./base/OpenGradientTest.sol";

/// What whole transactions cost that verify OpenGradient's results, or admit a key of them, as {GasBench} counts: 21,000
/// and the calldata included.
contract OpenGradientBench is OpenGradientTest {
    string private constant GROUP = "OpenGradient";
    uint256 private constant TRANSACTION_GAS = 21_000;
    uint64 private constant RESULTS = 16;

    function setUp() public override {
        vm.skip(!vm.envOr("VERITALLY_GAS_BENCH", false));
        super.setUp();
        open();
    }

    function test_verify() public {
        uint256 first = _verify(1);
        vm.snapshotValue(GROUP, "opengradient_verify_1", first);
        vm.snapshotValue(GROUP, "opengradient_verify_16_per_result", _verify(RESULTS) / RESULTS);
    }

    /// A key of a known enclave is renewed: every certificate is cached.
    function test_renew() public {
        bytes memory data = abi.encodeCall(verifier.admit, (modulus, shown.document, shown.hints));
        vm.snapshotValue(GROUP, "opengradient_renew", _transaction(data));
    }

    function test_size() public {
        vm.snapshotValue(GROUP, "size_opengradient_verifier", address(verifier).code.length);
    }

    function _verify(uint64 count) private returns (uint256) {
        InferenceReceipt[] memory receipts = new InferenceReceipt[](count);
        for (uint64 i; i < count; ++i) {
            receipts[i] = freeReceipt(i + 1);
        }
        return _transaction(abi.encodeCall(verifier.verify, (claimFor(receipts), abi.encode(evidenceFor(receipts)))));
    }

    /// With `--isolate` the call is a transaction of its own, and forge counts 21,000 and the calldata.
    function _transaction(bytes memory data) private returns (uint256 gasUsed) {
        (bool success,) = address(verifier).call(data);
        gasUsed = vm.lastCallGas().gasTotalUsed;
        assertTrue(success, "the transaction failed");
        assertGt(gasUsed, TRANSACTION_GAS + 4 * data.length, "run with --isolate");
    }
}
