// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {NitroAttestation} from "../../contracts/attestation/NitroAttestation.sol";
import {IOpenGradientVerifier} from "../../contracts/interfaces/IOpenGradientVerifier.sol";
import {Claim} from "../../contracts/interfaces/IVerifier.sol";
import {AttestationClaims, Platform} from "../../contracts/types/Claims.sol";
import {Receipt as InferenceReceipt} from "../../contracts/types/Group.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {Labels, Verdict} from "../../contracts/types/Verdict.sol";
import {OpenGradientVerifier} from "../../contracts/verifiers/OpenGradientVerifier.sol";
import {OpenGradientTest} from "./base/OpenGradientTest.sol";

/// The verifier by itself, on claims that Settlement would not make.
contract OpenGradientVerifierVerifyTest is OpenGradientTest {
    InferenceReceipt private receipt;
    /// Of a group with this receipt: signed once, because that takes long.
    bytes private evidence;

    function setUp() public override {
        super.setUp();
        open();
        receipt = freeReceipt(1);
        evidence = abi.encode(evidenceFor(one(receipt)));
    }

    function test_verify_saysKeyAndCap() public {
        vm.prank(prover.addr);
        models.setValueCap(modelId, address(usdc), 77);
        Verdict memory verdict = verifier.verify(claimFor(one(receipt)), evidence);
        assertEq(verdict.labels, Labels.UNBOUND | Labels.DEVELOPMENT, "labels");
        assertEq(verdict.key, keccak256(abi.encode(teeId, modelId)), "key");
        assertEq(verdict.valueCap, 77, "cap");
        assertEq(uint8(verifier.tier()), uint8(Tier.TEE), "tier");
    }

    /// No document of the real gateway with a known key is at hand, so the document's claims stand in for it.
    function test_verify_labelsRealEnclavesUnboundOnly() public {
        bytes32 root = 0x641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b;
        NitroAttestation aws =
            new NitroAttestation(attestation.SHA384(), attestation.P384(), root, Platform.NITRO, owner);
        AttestationClaims memory claims = attestation.verify(shown.document, shown.hints);
        verifier = new OpenGradientVerifier(settlement, models, aws);
        vm.mockCall(address(aws), abi.encodeCall(aws.verify, (shown.document, shown.hints)), abi.encode(claims));
        verifier.admit(modulus, shown.document, shown.hints);
        openRoute(bytes4(uint32(1)), address(verifier), 200_000, 60_000);

        Claim memory claim = claimFor(one(receipt));
        claim.groupDigest = settlement.groupDigest(rootOf(bareGroup(0, one(receipt))), bytes4(uint32(1)));
        Verdict memory verdict = verifier.verify(claim, evidence);
        assertEq(verdict.labels, Labels.UNBOUND);
    }

    function testFuzz_verify_reverts_forOtherDigest(bytes32 digest) public {
        Claim memory claim = claimFor(one(receipt));
        vm.assume(digest != claim.groupDigest);
        bytes32 actual = claim.groupDigest;
        claim.groupDigest = digest;
        _expectRefused(claim, digest, actual);
    }

    function test_verify_reverts_forOtherProver() public {
        Claim memory claim = claimFor(one(receipt));
        bytes32 expected = claim.groupDigest;
        claim.prover = relayer;
        bytes32 hash = settlement.receiptHash(modelId, relayer, address(usdc), receipt);
        _expectRefused(claim, expected, settlement.groupDigest(hash, OPENGRADIENT_ROUTE));
    }

    function test_verify_reverts_forOtherAsset() public {
        Claim memory claim = claimFor(one(receipt));
        bytes32 expected = claim.groupDigest;
        claim.asset = relayer;
        bytes32 hash = settlement.receiptHash(modelId, prover.addr, relayer, receipt);
        _expectRefused(claim, expected, settlement.groupDigest(hash, OPENGRADIENT_ROUTE));
    }

    /// A group of another route is not this verifier's.
    function test_verify_reverts_forOtherRoute() public {
        Claim memory claim = claimFor(one(receipt));
        bytes32 actual = claim.groupDigest;
        claim.groupDigest = settlement.groupDigest(rootOf(bareGroup(0, one(receipt))), TEE_ROUTE);
        _expectRefused(claim, claim.groupDigest, actual);
    }

    /// The digest is of this chain.
    function test_verify_reverts_onOtherChain() public {
        Claim memory claim = claimFor(one(receipt));
        vm.chainId(31337);
        vm.expectPartialRevert(IOpenGradientVerifier.GroupMismatch.selector);
        verifier.verify(claim, evidence);
    }

    function _expectRefused(Claim memory claim, bytes32 expected, bytes32 actual) private {
        vm.expectRevert(abi.encodeWithSelector(IOpenGradientVerifier.GroupMismatch.selector, expected, actual));
        verifier.verify(claim, evidence);
    }
}
