// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Test} from "forge-std/Test.sol";

import {IVerifierRouter} from "../../contracts/interfaces/IVerifierRouter.sol";
import {MerkleRoot} from "../../contracts/libraries/MerkleRoot.sol";
import {PayAddressFactory} from "../../contracts/PayAddressFactory.sol";
import {Settlement} from "../../contracts/Settlement.sol";
import {Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {BatchPayment, ExactPayment, UptoPayment, UptoPaymentWithPermit} from "../../contracts/types/Payments.sol";
import {Terms} from "../../contracts/types/Terms.sol";

/// The contracts and the Python SDK agree on hashes, roots and addresses: tests/vectors/receipts.json was computed by
/// the SDK and checked against eth-account.
contract VectorsTest is Test {
    string private vectors;
    Settlement private settlement;

    function setUp() public {
        vectors = vm.readFile("tests/vectors/receipts.json");
        vm.chainId(_uint(".domain.chainId"));
        settlement = Settlement(_address(".domain.verifyingContract"));
        deployCodeTo(
            "Settlement.sol", abi.encode(IVerifierRouter(address(0)), new PayAddressFactory()), address(settlement)
        );
    }

    function test_receiptHashes() public view {
        uint256 count;
        for (; _has(string.concat(".receipts", _at(count))); ++count) {
            string memory item = string.concat(".receipts", _at(count));
            InferenceReceipt memory receipt = InferenceReceipt({
                requestHash: _word(string.concat(item, ".requestHash")),
                responseHash: _word(string.concat(item, ".responseHash")),
                payer: _address(string.concat(item, ".payer")),
                terms: Terms.wrap(
                    _uint(string.concat(item, ".nonce")) << 192 | _uint(string.concat(item, ".amount")) << 96
                        | _uint(string.concat(item, ".servedAt")) << 32 | _uint(string.concat(item, ".floor")) << 24
                )
            });
            bytes32 hash = settlement.receiptHash(
                _word(string.concat(item, ".modelId")),
                _address(string.concat(item, ".prover")),
                _address(string.concat(item, ".asset")),
                receipt
            );
            assertEq(hash, _word(string.concat(item, ".receiptHash")), item);
        }
        assertEq(count, 5, "receipts");
    }

    function test_merkleRootsAndProofs() public view {
        uint256 count;
        for (; _has(string.concat(".merkle", _at(count))); ++count) {
            string memory item = string.concat(".merkle", _at(count));
            bytes32[] memory leaves = vm.parseJsonBytes32Array(vectors, string.concat(item, ".leaves"));
            bytes32[] memory proof = vm.parseJsonBytes32Array(vectors, string.concat(item, ".lastLeafProof"));
            bytes32 last = leaves[leaves.length - 1];
            bytes32 root = MerkleRoot.compute(leaves);
            assertEq(root, _word(string.concat(item, ".root")), item);
            assertTrue(MerkleProof.verify(proof, root, last), "OpenZeppelin accepts the proof");
        }
        assertEq(count, 5, "trees");
    }

    function test_groupDigestsAndSignatures() public view {
        uint256 count;
        for (; _has(string.concat(".groups", _at(count))); ++count) {
            string memory item = string.concat(".groups", _at(count));
            bytes4 route = bytes4(vm.parseJsonBytes(vectors, string.concat(item, ".route")));
            bytes32 digest = settlement.groupDigest(_word(string.concat(item, ".root")), route);
            assertEq(digest, _word(string.concat(item, ".digest")), item);
            bytes32 paymentsHash = _word(string.concat(item, ".paymentsHash"));
            digest = settlement.authorizationDigest(_word(string.concat(item, ".root")), route, paymentsHash);
            assertEq(digest, _word(string.concat(item, ".authorizationDigest")), item);
        }
        assertEq(count, 2, "groups");
    }

    function test_payAddresses() public view {
        uint256 count;
        for (; _has(string.concat(".payAddresses", _at(count))); ++count) {
            string memory item = string.concat(".payAddresses", _at(count));
            address predicted = Clones.predictDeterministicAddressWithImmutableArgs(
                _address(string.concat(item, ".implementation")),
                abi.encodePacked(_address(string.concat(item, ".prover")), uint8(_uint(string.concat(item, ".floor")))),
                bytes32(0),
                _address(string.concat(item, ".factory"))
            );
            assertEq(predicted, _address(string.concat(item, ".payAddress")), item);
        }
        assertGt(count, 3, "pay addresses");
    }

    function test_payments() public view {
        string memory payments = vm.readFile("tests/vectors/payments.json");
        UptoPayment memory upto = abi.decode(vm.parseJsonBytes(payments, ".upto"), (UptoPayment));
        _assertUpto(upto);

        UptoPaymentWithPermit memory permit =
            abi.decode(vm.parseJsonBytes(payments, ".uptoWithPermit"), (UptoPaymentWithPermit));
        _assertUpto(permit.upto);
        assertEq(permit.permitValue, 15);
        assertEq(permit.permitDeadline, 16);
        assertEq(permit.r, bytes32(_repeat(0x22, 32)));
        assertEq(permit.s, bytes32(_repeat(0x23, 32)));
        assertEq(permit.v, 27);

        BatchPayment memory batch = abi.decode(vm.parseJsonBytes(payments, ".batchSettlement"), (BatchPayment));
        assertEq(batch.channel.payer, address(bytes20(_repeat(1, 20))));
        assertEq(batch.channel.payerAuthorizer, address(bytes20(_repeat(2, 20))));
        assertEq(batch.channel.receiver, address(bytes20(_repeat(3, 20))));
        assertEq(batch.channel.receiverAuthorizer, address(bytes20(_repeat(4, 20))));
        assertEq(batch.channel.token, address(bytes20(_repeat(5, 20))));
        assertEq(batch.channel.withdrawDelay, 1 days);
        assertEq(batch.channel.salt, bytes32(_repeat(0x24, 32)));
        assertEq(batch.maxClaimableAmount, 17);
        assertEq(batch.signature, _repeat(0x25, 65));

        ExactPayment memory exact = abi.decode(vm.parseJsonBytes(payments, ".exact"), (ExactPayment));
        assertEq(exact.validAfter, 18);
        assertEq(exact.validBefore, 19);
        assertEq(exact.nonce, bytes32(_repeat(0x26, 32)));
        assertEq(exact.signature, _repeat(0x27, 65));
    }

    function _assertUpto(UptoPayment memory upto) private pure {
        assertEq(upto.maxAmount, 11);
        assertEq(upto.nonce, 12);
        assertEq(upto.deadline, 13);
        assertEq(upto.validAfter, 14);
        assertEq(upto.signature, _repeat(0x21, 65));
    }

    function _repeat(uint8 value, uint256 count) private pure returns (bytes memory repeated) {
        repeated = new bytes(count);
        for (uint256 i; i < count; ++i) {
            repeated[i] = bytes1(value);
        }
    }

    function _has(string memory key) private view returns (bool) {
        return vm.keyExistsJson(vectors, key);
    }

    function _at(uint256 index) private pure returns (string memory) {
        return string.concat("[", vm.toString(index), "]");
    }

    function _word(string memory key) private view returns (bytes32) {
        return vm.parseJsonBytes32(vectors, key);
    }

    function _address(string memory key) private view returns (address) {
        return vm.parseJsonAddress(vectors, key);
    }

    function _uint(string memory key) private view returns (uint256) {
        return vm.parseJsonUint(vectors, key);
    }
}
