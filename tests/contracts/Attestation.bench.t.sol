// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {P384} from "../../contracts/crypto/P384.sol";
import {Sha384} from "../../contracts/crypto/Sha384.sol";

/// What the cryptography of attestation documents costs, as whole transactions: 21,000 and the calldata included.
/// tools/bench_gas.py runs it.
contract AttestationBench is Test {
    string private constant GROUP = "Attestation";
    uint256 private constant TRANSACTION_GAS = 21_000;
    /// The signed part of a document of AWS Nitro.
    uint256 private constant DOCUMENT_BYTES = 4_395;
    uint256 private constant BLOCK_BYTES = 128;
    uint256 private constant MEASURED_BLOCKS = 8;

    /// Only where calls are transactions of their own do the numbers mean what they say.
    function setUp() public {
        vm.skip(!vm.envOr("VERITALLY_GAS_BENCH", false));
    }

    /// The first valid case of Wycheproof. Others differ by about 1 %, as the bits of their numbers do.
    function test_p384_verify() public {
        string memory json = vm.readFile("tests/vectors/attestation/p384_hints.json");
        bytes memory digest = vm.parseJsonBytes(json, ".digest[0]");
        bytes32 high = bytes32(digest);
        bytes32 low;
        assembly ("memory-safe") {
            low := mload(add(digest, 64))
        }
        P384 p384 = new P384();
        bytes memory data = abi.encodeCall(
            p384.verify,
            (
                high,
                bytes16(low),
                vm.parseJsonBytes(json, ".signature[0]"),
                vm.parseJsonBytes(json, ".publicKey[0]"),
                vm.parseJsonBytes(json, ".hint[0]")
            )
        );
        (uint256 gasUsed, bytes memory output) = _transaction(address(p384), data);
        assertTrue(abi.decode(output, (bool)), "valid");
        vm.snapshotValue(GROUP, "p384_verify", gasUsed);
        vm.snapshotValue(GROUP, "size_p384", address(p384).code.length);
        vm.snapshotValue(GROUP, "size_p384_table", p384.TABLE().code.length);
    }

    function test_sha384() public {
        Sha384 sha384 = new Sha384();
        vm.snapshotValue(GROUP, "sha384_4395_bytes", _hash(sha384, DOCUMENT_BYTES));
        vm.snapshotValue(GROUP, "sha384_per_block", _perBlock(sha384));
        vm.snapshotValue(GROUP, "size_sha384", address(sha384).code.length);
    }

    /// Zero bytes of calldata included.
    function _perBlock(Sha384 sha384) private returns (uint256) {
        return (_hash(sha384, MEASURED_BLOCKS * BLOCK_BYTES) - _hash(sha384, 0)) / MEASURED_BLOCKS;
    }

    function _hash(Sha384 sha384, uint256 length) private returns (uint256 gasUsed) {
        (gasUsed,) = _transaction(address(sha384), abi.encodeCall(sha384.hash, (new bytes(length))));
    }

    /// With `--isolate` the call is a transaction of its own, and forge counts 21,000 and the calldata. What runs costs
    /// more here than the floor price of the calldata.
    function _transaction(address target, bytes memory data) private returns (uint256 gasUsed, bytes memory output) {
        bool success;
        (success, output) = target.call(data);
        gasUsed = vm.lastCallGas().gasTotalUsed;
        assertTrue(success, "the transaction failed");
        assertGt(gasUsed, TRANSACTION_GAS + 4 * data.length, "run with --isolate");
    }
}
