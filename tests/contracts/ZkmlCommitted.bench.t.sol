// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IHalo2Verifier} from "../../contracts/interfaces/external/IHalo2Verifier.sol";
import {Statement} from "../../contracts/interfaces/IVerifier.sol";
import {ZkProof} from "../../contracts/interfaces/IZkmlVerifier.sol";
import {PayAddressFactory} from "../../contracts/PayAddressFactory.sol";
import {Settlement} from "../../contracts/Settlement.sol";
import {Group, Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Terms} from "../../contracts/types/Terms.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {CommittedTest} from "./base/CommittedTest.sol";

/// What whole transactions cost that verify a proof of a circuit that commits to its 64 inputs, 21,000 and the calldata
/// included, by the rule of EIP-7623: first the verification alone, then a free receipt that is settled with it.
contract ZkmlCommittedBench is CommittedTest {
    string private constant GROUP = "Zkml";
    uint256 private constant TRANSACTION_GAS = 21_000;
    uint64 private constant FIRST_NONCE = 1_024 * 256;

    Settlement private settlement;

    function setUp() public override {
        vm.skip(!vm.envOr("VERITALLY_GAS_BENCH", false));
        super.setUp();
        settlement = new Settlement(router, new PayAddressFactory());
        addCommitted();
        _settle(1, committedProof(1));
    }

    function test_verify() public {
        ZkProof memory item = committedProof(0);
        bytes memory data = abi.encodeCall(IHalo2Verifier.verifyProof, (item.proof, item.instances));
        vm.snapshotValue(GROUP, "zkml_verify_committed", _transactionGas(committing, data));
    }

    function test_settle() public {
        vm.snapshotValue(GROUP, "zkml_settle_committed", _settle(FIRST_NONCE, committedProof(0)));
    }

    function _settle(uint64 nonce, ZkProof memory item) private returns (uint256) {
        Statement memory stated = committedStatementOf(item);
        uint256 terms = uint256(nonce) << 192 | block.timestamp << 32 | uint256(uint8(Tier.ZKML)) << 24;
        Group[] memory groups = new Group[](1);
        groups[0].modelId = modelId;
        groups[0].prover = modelOwner;
        groups[0].route = ZKML_ROUTE;
        groups[0].receipts = new InferenceReceipt[](1);
        groups[0].receipts[0] = InferenceReceipt(stated.requestHash, stated.responseHash, address(0), Terms.wrap(terms));
        groups[0].evidence = evidenceOf(0, item);
        return _transactionGas(address(settlement), abi.encodeCall(settlement.settle, (groups)));
    }

    /// With `--isolate` the call is a transaction of its own, and forge counts 21,000 and the calldata.
    function _transactionGas(address target, bytes memory data) private returns (uint256 gasUsed) {
        uint256 standard;
        for (uint256 i; i < data.length; ++i) {
            standard += data[i] == 0 ? 4 : 16;
        }
        vm.prank(modelOwner);
        (bool success,) = target.call(data);
        gasUsed = vm.lastCallGas().gasTotalUsed;
        assertTrue(success, "the transaction failed");
        assertGt(gasUsed, TRANSACTION_GAS + standard, "run with --isolate");
        uint256 floorGas = TRANSACTION_GAS + standard * 10 / 4;
        return gasUsed > floorGas ? gasUsed : floorGas;
    }
}
