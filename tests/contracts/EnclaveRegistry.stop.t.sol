// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Vm} from "forge-std/Test.sol";

import {IEnclaveRegistry} from "../../contracts/interfaces/IEnclaveRegistry.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {AttestationClaims, Platform} from "../../contracts/types/Claims.sol";
import {EnclaveKey, Registration} from "../../contracts/types/EnclaveKey.sol";
import {Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Terms} from "../../contracts/types/Terms.sol";
import {EnclaveTest} from "./base/EnclaveTest.sol";

/// How keys end: expiry, revocation, compromise, equivocation.
contract EnclaveRegistryStopTest is EnclaveTest {
    bytes4 private constant ROUTE = "tee1";

    bytes32 private key;

    function setUp() public override {
        super.setUp();
        modelOwner = makeAddr("model owner");
        modelId = registerModel("weights");
        (Registration memory asked, AttestationClaims memory claims) = looseEnclave();
        asked.modelId = modelId;
        claims.userData = loose.userDataOf(asked);
        key = sendLoose(asked, claims);
        vm.warp(NOW + 1 hours);
    }

    /* USE */

    function testFuzz_requireActive_refusesUnknownKeys(bytes32 unknown) public {
        vm.assume(unknown != key);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.UnknownEnclaveKey.selector, unknown));
        loose.requireActive(unknown, modelId, prover);
    }

    function testFuzz_requireActive_refusesOtherModelsAndProvers(bytes32 otherModel, address otherProver, bool both)
        public
    {
        vm.assume(otherModel != modelId && otherProver != prover);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.EnclaveKeyMismatch.selector, key, otherModel, prover));
        loose.requireActive(key, otherModel, prover);
        bytes32 model = both ? otherModel : modelId;
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.EnclaveKeyMismatch.selector, key, model, otherProver));
        loose.requireActive(key, model, otherProver);
    }

    function testFuzz_requireActive_endsWithTheLastSecond(uint40 time) public {
        uint256 end = NOW + 1 days;
        time = uint40(bound(time, NOW, end + 1 days));
        vm.warp(time);
        if (time >= end) {
            vm.expectRevert(
                abi.encodeWithSelector(IEnclaveRegistry.EnclaveKeyExpired.selector, key, end, uint256(time))
            );
        }
        loose.requireActive(key, modelId, prover);
    }

    function test_requireActive_endsToTheSecond() public {
        vm.warp(NOW + 1 days - 1);
        loose.requireActive(key, modelId, prover);
        vm.warp(NOW + 1 days);
        vm.expectRevert(
            abi.encodeWithSelector(IEnclaveRegistry.EnclaveKeyExpired.selector, key, NOW + 1 days, NOW + 1 days)
        );
        loose.requireActive(key, modelId, prover);
    }

    function test_requireActive_endsWithTheMeasurement() public {
        vm.prank(modelOwner);
        models.removeMeasurement(modelId, measurement);
        vm.expectRevert(
            abi.encodeWithSelector(
                IModelRegistry.MeasurementNotAccepted.selector, modelId, measurement, uint40(NOW), uint40(NOW + 1 hours)
            )
        );
        loose.requireActive(key, modelId, prover);
    }

    /* REVOCATION */

    function testFuzz_revoke_byProverOrModelOwnerOnly(address stranger) public {
        vm.assume(stranger != prover && stranger != modelOwner);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.MayNotStop.selector, key, stranger));
        loose.revoke(key);
        vm.prank(stranger);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.MayNotStop.selector, key, stranger));
        loose.declareCompromised(key, uint40(NOW));
    }

    function testFuzz_revoke_refusesTheKeyFromNowOn(bool byOwner) public {
        address by = byOwner ? modelOwner : prover;
        vm.expectEmit(address(loose));
        emit IEnclaveRegistry.EnclaveRevoked(key, by, uint40(block.timestamp));
        vm.prank(by);
        loose.revoke(key);
        EnclaveKey memory entry = loose.getKey(key);
        assertEq(entry.revokedAt, block.timestamp);
        assertEq(entry.compromisedAt, 0, "revoked is not compromised");
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.EnclaveKeyRevoked.selector, key, block.timestamp));
        loose.requireActive(key, modelId, prover);
    }

    function test_revoke_onlyOnce() public {
        vm.startPrank(prover);
        loose.revoke(key);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.EnclaveKeyRevoked.selector, key, block.timestamp));
        loose.revoke(key);
    }

    function testFuzz_revoke_refusesUnknownKeys(bytes32 unknown) public {
        vm.assume(unknown != key);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.UnknownEnclaveKey.selector, unknown));
        loose.revoke(unknown);
    }

    /* COMPROMISE */

    function testFuzz_declareCompromised_revokesAndSaysSinceWhen(uint40 since, bool byOwner) public {
        since = uint40(bound(since, NOW, NOW + 1 hours));
        address by = byOwner ? modelOwner : prover;
        vm.expectEmit(address(loose));
        emit IEnclaveRegistry.EnclaveCompromised(key, by, since);
        vm.expectEmit(address(loose));
        emit IEnclaveRegistry.EnclaveRevoked(key, by, uint40(NOW + 1 hours));
        vm.prank(by);
        loose.declareCompromised(key, since);
        assertEq(loose.getKey(key).compromisedAt, since);
        assertEq(loose.getKey(key).revokedAt, NOW + 1 hours);
    }

    function test_declareCompromised_keepsAnEarlierRevocation() public {
        vm.startPrank(prover);
        loose.revoke(key);
        vm.warp(NOW + 2 hours);
        loose.declareCompromised(key, uint40(NOW + 30 minutes));
        assertEq(loose.getKey(key).revokedAt, NOW + 1 hours);
        assertEq(loose.getKey(key).compromisedAt, NOW + 30 minutes);
    }

    function test_declareCompromised_onlyMovesBack() public {
        vm.startPrank(prover);
        loose.declareCompromised(key, uint40(NOW + 30 minutes));
        vm.expectRevert(
            abi.encodeWithSelector(
                IEnclaveRegistry.BadCompromiseTime.selector, NOW + 30 minutes, NOW, NOW + 30 minutes - 1
            )
        );
        loose.declareCompromised(key, uint40(NOW + 30 minutes));
        loose.declareCompromised(key, uint40(NOW + 30 minutes - 1));
        assertEq(loose.getKey(key).compromisedAt, NOW + 30 minutes - 1);
    }

    function testFuzz_declareCompromised_refusesTimesWithoutTheKey(uint40 since) public {
        vm.assume(since < NOW || since > NOW + 1 hours);
        vm.prank(prover);
        vm.expectRevert(
            abi.encodeWithSelector(IEnclaveRegistry.BadCompromiseTime.selector, uint256(since), NOW, NOW + 1 hours)
        );
        loose.declareCompromised(key, since);
    }

    /* EQUIVOCATION */

    function testFuzz_reportEquivocation_stopsTheKey(address reporter, bytes32 first, bytes32 second, uint64 nonce)
        public
    {
        vm.assume(first != second);
        IEnclaveRegistry.SignedReceipt memory one = _signed(wallet, "request", first, nonce);
        IEnclaveRegistry.SignedReceipt memory other = _signed(wallet, "request", second, nonce);
        vm.expectEmit(address(loose));
        emit IEnclaveRegistry.EnclaveCompromised(key, reporter, uint40(NOW));
        vm.expectEmit(address(loose));
        emit IEnclaveRegistry.EnclaveRevoked(key, reporter, uint40(NOW + 1 hours));
        vm.expectEmit(address(loose));
        emit IEnclaveRegistry.EquivocationShown(key, reporter, "request", nonce, first, second);
        vm.prank(reporter);
        loose.reportEquivocation(key, one, other);
        assertEq(loose.getKey(key).compromisedAt, NOW, "all of it");
        assertEq(loose.getKey(key).revokedAt, NOW + 1 hours);
    }

    function test_reportEquivocation_afterTheProverWasQuicker() public {
        IEnclaveRegistry.SignedReceipt memory first = _signed(wallet, "request", "first", 1);
        IEnclaveRegistry.SignedReceipt memory second = _signed(wallet, "request", "second", 1);
        vm.prank(prover);
        loose.declareCompromised(key, uint40(NOW));
        vm.expectEmit(address(loose));
        emit IEnclaveRegistry.EquivocationShown(key, address(this), "request", 1, "first", "second");
        loose.reportEquivocation(key, first, second);
        assertEq(loose.getKey(key).compromisedAt, NOW);
    }

    function test_reportEquivocation_refusesTheSameResponse() public {
        IEnclaveRegistry.SignedReceipt memory exhibit = _signed(wallet, "request", "response", 1);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.ResponsesAgree.selector, bytes32("response")));
        loose.reportEquivocation(key, exhibit, exhibit);
    }

    function testFuzz_reportEquivocation_refusesDifferentRequestsOrNumbers(bytes32 request, uint64 nonce) public {
        vm.assume(request != "request" || nonce != 1);
        IEnclaveRegistry.SignedReceipt memory first = _signed(wallet, "request", "first", 1);
        IEnclaveRegistry.SignedReceipt memory second = _signed(wallet, request, "second", nonce);
        vm.expectRevert(
            abi.encodeWithSelector(
                IEnclaveRegistry.RequestsDiffer.selector, bytes32("request"), request, uint64(1), nonce
            )
        );
        loose.reportEquivocation(key, first, second);
    }

    function testFuzz_reportEquivocation_refusesWhatTheKeyDidNotSign(bool second, uint8 change) public {
        IEnclaveRegistry.SignedReceipt[2] memory exhibits;
        exhibits[0] = _signed(wallet, "request", "first", 1);
        exhibits[1] = _signed(wallet, "request", "second", 1);
        uint256 index = second ? 1 : 0;
        change = uint8(bound(change, 0, 4));
        if (change == 0) exhibits[index] = _signed(vm.createWallet("other"), "request", "third", 1);
        if (change == 1) exhibits[index].receipt.responseHash = "third";
        if (change == 2) exhibits[index].asset = makeAddr("other asset");
        if (change == 3) exhibits[index].route = "tee2";
        if (change == 4) exhibits[index].proof[0] = "other";
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.NotSignedByKey.selector, key, index));
        loose.reportEquivocation(key, exhibits[0], exhibits[1]);
    }

    /// Receipts for another prover or model are none of this key's.
    function test_reportEquivocation_refusesUnknownKeys() public {
        bytes32 unknown = "unknown";
        IEnclaveRegistry.SignedReceipt memory exhibit = _signed(wallet, "request", "first", 1);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.UnknownEnclaveKey.selector, unknown));
        loose.reportEquivocation(unknown, exhibit, exhibit);
    }

    /// A receipt of a group of two, signed by the wallet.
    function _signed(Vm.Wallet memory signer, bytes32 request, bytes32 response, uint64 nonce)
        private
        returns (IEnclaveRegistry.SignedReceipt memory exhibit)
    {
        exhibit.asset = makeAddr("asset");
        exhibit.route = ROUTE;
        exhibit.receipt = InferenceReceipt({
            requestHash: request,
            responseHash: response,
            payer: address(0),
            terms: Terms.wrap(uint256(nonce) << 192 | NOW << 32 | 2 << 24)
        });
        exhibit.proof = new bytes32[](1);
        exhibit.proof[0] = keccak256("neighbour");
        bytes32 leaf = settlement.receiptHash(modelId, prover, exhibit.asset, exhibit.receipt);
        (bytes32 low, bytes32 high) = leaf < exhibit.proof[0] ? (leaf, exhibit.proof[0]) : (exhibit.proof[0], leaf);
        bytes32 root = keccak256(abi.encodePacked(low, high));
        exhibit.signature = sign(signer, settlement.groupDigest(root, ROUTE));
    }
}
