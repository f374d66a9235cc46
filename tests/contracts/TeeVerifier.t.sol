// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IEnclaveRegistry} from "../../contracts/interfaces/IEnclaveRegistry.sol";
import {Claim, IVerifier} from "../../contracts/interfaces/IVerifier.sol";
import {AttestationClaims} from "../../contracts/types/Claims.sol";
import {Registration} from "../../contracts/types/EnclaveKey.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {Labels, Verdict} from "../../contracts/types/Verdict.sol";
import {TeeVerifier} from "../../contracts/verifiers/TeeVerifier.sol";
import {EnclaveTest} from "./base/EnclaveTest.sol";

contract TeeVerifierTest is EnclaveTest {
    TeeVerifier private verifier;
    Claim private claim;

    function setUp() public override {
        super.setUp();
        verifier = new TeeVerifier(enclaves);
        claim.modelId = modelId;
        claim.prover = prover;
        claim.asset = makeAddr("asset");
        claim.groupDigest = readHash("rsa", "groupDigest");
    }

    function test_tier_isTee() public view {
        assertEq(uint8(verifier.tier()), uint8(Tier.TEE));
    }

    function test_verify_takesEveryKindOfKey() public {
        registerEnclave("enclave", wallet);
        _assertAccepted(sign(wallet, claim.groupDigest), keyOf(wallet));

        Enclave memory enclave = readEnclave("p256");
        bytes32 key = enclaves.register(enclave.asked, enclave.document, enclave.hints, _signP256(enclave.asked));
        (bytes32 r, bytes32 s) = vm.signP256(uint256(keccak256("p256 enclave")), sha256(abi.encode(claim.groupDigest)));
        _assertAccepted(abi.encodePacked(enclave.asked.publicKey, r, s), key);

        enclave = readEnclave("rsa");
        key = enclaves.register(enclave.asked, enclave.document, enclave.hints, readBytes("rsa", "signature"));
        _assertAccepted(readBytes("rsa", "groupSignature"), key);
    }

    function test_verify_labelsOnlyDevelopmentKeys() public {
        verifier = new TeeVerifier(loose);
        (Registration memory asked, AttestationClaims memory claims) = looseEnclave();
        bytes32 key = sendLoose(asked, claims);
        Verdict memory verdict = verifier.verify(claim, sign(wallet, claim.groupDigest));
        assertEq(verdict.labels, 0);
        assertEq(verdict.key, key);
    }

    function testFuzz_verify_tellsTheValueCapOfTheAsset(uint128 cap, address otherAsset) public {
        vm.assume(otherAsset != claim.asset);
        verifier = new TeeVerifier(loose);
        (Registration memory asked, AttestationClaims memory claims) = looseEnclave();
        sendLoose(asked, claims);
        vm.prank(modelOwner);
        models.setValueCap(modelId, claim.asset, cap);
        assertEq(verifier.verify(claim, sign(wallet, claim.groupDigest)).valueCap, cap);
        claim.asset = otherAsset;
        assertEq(verifier.verify(claim, sign(wallet, claim.groupDigest)).valueCap, type(uint256).max);
    }

    function testFuzz_verify_refusesWhatIsNoSignature(bytes memory evidence) public {
        vm.assume(evidence.length != 65);
        vm.expectRevert(abi.encodeWithSelector(IVerifier.MalformedEvidence.selector));
        verifier.verify(claim, evidence);
    }

    function test_verify_refusesKeysThatAreNotRegistered() public {
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.UnknownEnclaveKey.selector, keyOf(wallet)));
        verifier.verify(claim, sign(wallet, claim.groupDigest));
    }

    function testFuzz_verify_refusesOtherModelsAndProvers(bytes32 otherModel, address otherProver) public {
        verifier = new TeeVerifier(loose);
        (Registration memory asked, AttestationClaims memory claims) = looseEnclave();
        bytes32 key = sendLoose(asked, claims);
        vm.assume(otherModel != modelId || otherProver != prover);
        claim.modelId = otherModel;
        claim.prover = otherProver;
        bytes memory evidence = sign(wallet, claim.groupDigest);
        vm.expectRevert(
            abi.encodeWithSelector(IEnclaveRegistry.EnclaveKeyMismatch.selector, key, otherModel, otherProver)
        );
        verifier.verify(claim, evidence);
    }

    function _assertAccepted(bytes memory evidence, bytes32 key) private view {
        Verdict memory verdict = verifier.verify(claim, evidence);
        assertEq(verdict.labels, Labels.DEVELOPMENT);
        assertEq(verdict.key, key);
        assertEq(verdict.valueCap, type(uint256).max);
    }

    function _signP256(Registration memory asked) private view returns (bytes memory) {
        bytes32 digest = sha256(abi.encode(enclaves.registrationDigest(asked)));
        (bytes32 r, bytes32 s) = vm.signP256(uint256(keccak256("p256 enclave")), digest);
        return abi.encodePacked(asked.publicKey, r, s);
    }
}
