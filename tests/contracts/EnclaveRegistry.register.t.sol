// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {EnclaveRegistry} from "../../contracts/EnclaveRegistry.sol";
import {IAttestationVerifier} from "../../contracts/interfaces/IAttestationVerifier.sol";
import {IEnclaveRegistry} from "../../contracts/interfaces/IEnclaveRegistry.sol";
import {IModelRegistry} from "../../contracts/interfaces/IModelRegistry.sol";
import {EnclaveSignature} from "../../contracts/libraries/EnclaveSignature.sol";
import {AttestationClaims, Platform} from "../../contracts/types/Claims.sol";
import {EnclaveKey, KeyKind, Registration} from "../../contracts/types/EnclaveKey.sol";
import {EnclaveTest} from "./base/EnclaveTest.sol";
import {AttestationStandIn} from "./standins/AttestationStandIn.sol";

/// How keys get into the registry. Documents are those of a software root, verified for real; where claims are needed that
/// no document can make, the loose registry takes them as they are.
contract EnclaveRegistryRegisterTest is EnclaveTest {
    uint256 private constant P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551;

    /* CONSTRUCTOR */

    function test_constructor_keepsWhatItIsGiven() public view {
        assertEq(address(enclaves.MODELS()), address(models));
        assertEq(address(enclaves.SETTLEMENT()), address(settlement));
        assertEq(address(enclaves.verifierOf(Platform.DEVELOPMENT)), address(attestation));
        assertEq(address(enclaves.verifierOf(Platform.NITRO)), address(0));
    }

    function test_constructor_refusesTwoVerifiersOfOnePlatform() public {
        IAttestationVerifier[] memory verifiers = new IAttestationVerifier[](2);
        verifiers[0] = verifiers[1] = new AttestationStandIn(Platform.NITRO);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.PlatformTaken.selector, Platform.NITRO));
        new EnclaveRegistry(models, settlement, verifiers);
    }

    function test_constructor_refusesAVerifierOfNoPlatform() public {
        IAttestationVerifier[] memory verifiers = new IAttestationVerifier[](1);
        verifiers[0] = new AttestationStandIn(Platform.NONE);
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.PlatformTaken.selector, Platform.NONE));
        new EnclaveRegistry(models, settlement, verifiers);
    }

    function testFuzz_constructor_refusesDevelopmentDocumentsOnOtherChains(uint64 chainId) public {
        IAttestationVerifier[] memory verifiers = new IAttestationVerifier[](1);
        verifiers[0] = new AttestationStandIn(Platform.DEVELOPMENT);
        vm.chainId(chainId);
        if (chainId != 31337 && chainId != 1337 && chainId != 84532) {
            vm.expectRevert(
                abi.encodeWithSelector(IEnclaveRegistry.DevelopmentPlatformRefused.selector, uint256(chainId))
            );
        }
        new EnclaveRegistry(models, settlement, verifiers);
    }

    /* ACCEPTED */

    function test_register_storesTheKeyAndSaysSo() public {
        Enclave memory enclave = readEnclave("enclave");
        vm.expectEmit(address(enclaves));
        emit IEnclaveRegistry.EnclaveRegistered(
            keyOf(wallet),
            prover,
            modelId,
            KeyKind.SECP256K1,
            enclave.asked.publicKey,
            Platform.DEVELOPMENT,
            attestation.ROOT(),
            measurement,
            uint40(NOW),
            enclave.asked.validUntil,
            true
        );
        bytes32 key = send(enclave);

        assertEq(key, keyOf(wallet), "key");
        assertEq(enclaves.keyOf(KeyKind.SECP256K1, enclave.asked.publicKey), key, "keyOf");
        EnclaveKey memory expected = EnclaveKey({
            prover: prover,
            validUntil: enclave.asked.validUntil,
            revokedAt: 0,
            development: true,
            kind: KeyKind.SECP256K1,
            modelId: modelId,
            measurement: measurement,
            platform: Platform.DEVELOPMENT,
            validFrom: uint40(NOW),
            compromisedAt: 0
        });
        assertEq(abi.encode(enclaves.getKey(key)), abi.encode(expected), "stored");
        assertTrue(enclaves.requireActive(key, modelId, prover), "development");
    }

    function test_register_marksOnlyDevelopmentKeys() public {
        (Registration memory asked, AttestationClaims memory claims) = looseEnclave();
        bytes32 key = sendLoose(asked, claims);
        assertFalse(loose.requireActive(key, modelId, prover));
    }

    function test_register_takesP256Keys() public {
        Enclave memory enclave = readEnclave("p256");
        uint256 privateKey = uint256(keccak256("p256 enclave"));
        bytes32 digest = sha256(abi.encode(enclaves.registrationDigest(enclave.asked)));
        (bytes32 r, bytes32 s) = vm.signP256(privateKey, digest);
        bytes memory low = abi.encodePacked(enclave.asked.publicKey, r, s);
        bytes memory high = abi.encodePacked(enclave.asked.publicKey, r, bytes32(P256_ORDER - uint256(s)));
        bytes32 expected = keccak256(abi.encode(KeyKind.P256, keccak256(enclave.asked.publicKey)));
        uint256 snapshot = vm.snapshotState();
        assertEq(enclaves.register(enclave.asked, enclave.document, enclave.hints, low), expected, "low s");
        vm.revertToState(snapshot);
        assertEq(enclaves.register(enclave.asked, enclave.document, enclave.hints, high), expected, "high s");
        assertEq(uint8(enclaves.getKey(expected).kind), uint8(KeyKind.P256));
    }

    function test_register_takesRsaKeys() public {
        Enclave memory enclave = readEnclave("rsa");
        assertEq(enclaves.registrationDigest(enclave.asked), readHash("rsa", "digest"), "digest of the SDK");
        bytes32 key = enclaves.register(enclave.asked, enclave.document, enclave.hints, readBytes("rsa", "signature"));
        assertEq(key, keccak256(abi.encode(KeyKind.RSA_PSS_2048, keccak256(enclave.asked.publicKey))));
        assertTrue(enclaves.requireActive(key, modelId, prover));
    }

    function test_register_asksForWhatTheSdkWrites() public {
        string[4] memory names = ["enclave", "second_enclave", "p256", "rsa"];
        for (uint256 i; i < names.length; ++i) {
            Enclave memory enclave = readEnclave(names[i]);
            assertEq(enclaves.userDataOf(enclave.asked), readBytes(names[i], "userData"), names[i]);
            assertEq(enclaves.registrationDigest(enclave.asked), readHash(names[i], "digest"), names[i]);
        }
    }

    function testFuzz_register_anybodyMaySend(address sender) public {
        (Registration memory asked, AttestationClaims memory claims) = looseEnclave();
        bytes memory signature = possession(loose, asked);
        vm.prank(sender);
        loose.register(asked, abi.encode(claims), new bytes[](0), signature);
    }

    /* REFUSED */

    function test_register_refusesDebugMode() public {
        wallet = vm.createWallet("debug enclave");
        expectRefused(
            readEnclave("enclave_in_debug_mode"), abi.encodeWithSelector(IEnclaveRegistry.DebugEnclave.selector)
        );
    }

    function test_register_refusesCodeThatTheModelDoesNotAccept() public {
        vm.prank(modelOwner);
        models.removeMeasurement(modelId, measurement);
        expectRefused(
            readEnclave("enclave"),
            abi.encodeWithSelector(
                IModelRegistry.MeasurementNotAccepted.selector, modelId, measurement, uint40(NOW), uint40(NOW)
            )
        );
    }

    /// Each field that the enclave bound, changed, with a signature of the key over the change.
    function testFuzz_register_refusesADocumentForSomethingElse(uint8 field, bytes32 other) public {
        Enclave memory enclave = readEnclave("enclave");
        field = uint8(bound(field, 0, 2));
        if (field == 0) enclave.asked.prover = address(uint160(uint256(other)));
        if (field == 1) enclave.asked.modelId = other;
        if (field == 2) {
            vm.assume(other != 0);
            vm.setBlockhash(enclave.asked.challengeBlock, other);
        }
        expectRefused(
            enclave,
            abi.encodeWithSelector(
                IEnclaveRegistry.WrongUserData.selector,
                readBytes("enclave", "userData"),
                enclaves.userDataOf(enclave.asked)
            )
        );
    }

    function test_register_refusesADocumentForAnotherKey() public {
        Enclave memory enclave = readEnclave("second_enclave");
        enclave.asked.publicKey = readBytes("enclave", "publicKey");
        expectRefused(
            enclave,
            abi.encodeWithSelector(
                IEnclaveRegistry.WrongUserData.selector,
                readBytes("second_enclave", "userData"),
                enclaves.userDataOf(enclave.asked)
            )
        );
    }

    function test_register_refusesADocumentForAnotherChainOrRegistry() public {
        Enclave memory enclave = readEnclave("enclave");
        bytes memory found = readBytes("enclave", "userData");
        vm.chainId(31337);
        expectRefused(
            enclave,
            abi.encodeWithSelector(IEnclaveRegistry.WrongUserData.selector, found, enclaves.userDataOf(enclave.asked))
        );
        vm.chainId(84532);
        address elsewhere = makeAddr("elsewhere");
        vm.etch(elsewhere, address(enclaves).code);
        vm.store(elsewhere, _verifierSlot(), bytes32(uint256(uint160(address(attestation)))));
        enclaves = EnclaveRegistry(elsewhere);
        expectRefused(
            enclave,
            abi.encodeWithSelector(IEnclaveRegistry.WrongUserData.selector, found, enclaves.userDataOf(enclave.asked))
        );
    }

    function testFuzz_register_refusesOtherUserData(bytes memory userData) public {
        (Registration memory asked, AttestationClaims memory claims) = looseEnclave();
        bytes memory expected = claims.userData;
        vm.assume(keccak256(userData) != keccak256(expected));
        claims.userData = userData;
        expectLooseRefused(
            asked, claims, abi.encodeWithSelector(IEnclaveRegistry.WrongUserData.selector, userData, expected)
        );
    }

    function testFuzz_register_wantsFreshDocuments(uint64 timestamp) public {
        (Registration memory asked, AttestationClaims memory claims) = looseEnclave();
        claims.timestamp = uint64(bound(timestamp, NOW - 1 hours, NOW + 1 hours));
        if (claims.timestamp + 10 minutes >= NOW && claims.timestamp <= NOW + 10 minutes) {
            sendLoose(asked, claims);
        } else {
            expectLooseRefused(
                asked, claims, abi.encodeWithSelector(IEnclaveRegistry.DocumentNotFresh.selector, claims.timestamp, NOW)
            );
        }
    }

    function test_register_wantsFreshDocumentsToTheSecond() public {
        (Registration memory asked, AttestationClaims memory claims) = looseEnclave();
        uint64[4] memory times = [uint64(NOW - 600), uint64(NOW + 600), uint64(NOW - 601), uint64(NOW + 601)];
        for (uint256 i; i < times.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            claims.timestamp = times[i];
            if (i < 2) {
                sendLoose(asked, claims);
            } else {
                expectLooseRefused(
                    asked, claims, abi.encodeWithSelector(IEnclaveRegistry.DocumentNotFresh.selector, times[i], NOW)
                );
            }
            vm.revertToState(snapshot);
        }
    }

    function testFuzz_register_boundsTheLifetime(uint40 validUntil) public {
        (Registration memory asked, AttestationClaims memory claims) = looseEnclave();
        asked.validUntil = validUntil = uint40(bound(validUntil, NOW - 2, NOW + 8 days));
        if (validUntil > NOW && validUntil <= NOW + 7 days) {
            bytes32 key = sendLoose(asked, claims);
            assertEq(loose.getKey(key).validUntil, validUntil);
        } else {
            expectLooseRefused(
                asked,
                claims,
                abi.encodeWithSelector(IEnclaveRegistry.BadValidity.selector, validUntil, NOW + 1, NOW + 7 days)
            );
        }
    }

    function test_register_boundsTheLifetimeToTheSecond() public {
        (Registration memory asked, AttestationClaims memory claims) = looseEnclave();
        uint40[2] memory outside = [uint40(NOW), uint40(NOW + 7 days + 1)];
        for (uint256 i; i < outside.length; ++i) {
            asked.validUntil = outside[i];
            expectLooseRefused(
                asked,
                claims,
                abi.encodeWithSelector(IEnclaveRegistry.BadValidity.selector, outside[i], NOW + 1, NOW + 7 days)
            );
        }
        asked.validUntil = uint40(NOW + 7 days);
        sendLoose(asked, claims);
    }

    /// The signature is over everything that is asked for.
    function testFuzz_register_wantsTheKeysOwnSignature(uint8 field, uint256 stranger) public {
        (Registration memory asked, AttestationClaims memory claims) = looseEnclave();
        bytes memory signature = possession(loose, asked);
        bytes32 key = keyOf(wallet);
        field = uint8(bound(field, 0, 7));
        if (field == 0) signature = sign(vm.createWallet("stranger"), loose.registrationDigest(asked));
        if (field == 1) asked.platform = Platform.DEVELOPMENT;
        if (field == 2) asked.prover = makeAddr("somebody else");
        if (field == 3) asked.modelId = "other model";
        if (field == 4) asked.validUntil -= 1;
        if (field == 5) vm.setBlockhash(asked.challengeBlock, "other block");
        if (field == 6) signature[stranger % 64] ^= 0x01;
        if (field == 7) signature = abi.encodePacked(signature, uint8(0));
        vm.expectRevert(abi.encodeWithSelector(IEnclaveRegistry.NoProofOfPossession.selector, key));
        loose.register(asked, abi.encode(claims), new bytes[](0), signature);
    }

    function test_register_refusesPlatformsThatItHasNoVerifierFor() public {
        (Registration memory asked, AttestationClaims memory claims) = looseEnclave();
        asked.platform = Platform.TDX;
        expectLooseRefused(
            asked, claims, abi.encodeWithSelector(IEnclaveRegistry.PlatformNotSupported.selector, Platform.TDX)
        );
    }

    function testFuzz_register_refusesPublicKeysOfAnotherLength(uint8 kind, uint16 length) public {
        Registration memory asked = readEnclave("enclave").asked;
        asked.kind = KeyKind(bound(kind, 0, 3));
        length = uint16(bound(length, 0, 300));
        uint256 expected = asked.kind == KeyKind.RSA_PSS_2048 ? 256 : 64;
        vm.assume(length != expected || asked.kind == KeyKind.NONE);
        asked.publicKey = new bytes(length);
        vm.expectRevert(
            abi.encodeWithSelector(EnclaveSignature.MalformedPublicKey.selector, asked.kind, uint256(length))
        );
        enclaves.register(asked, "", new bytes[](0), "");
    }

    function test_register_refusesKeysOfNoKind() public {
        Registration memory asked = readEnclave("enclave").asked;
        asked.kind = KeyKind.NONE;
        vm.expectRevert(abi.encodeWithSelector(EnclaveSignature.MalformedPublicKey.selector, KeyKind.NONE, uint256(64)));
        enclaves.register(asked, "", new bytes[](0), "");
    }

    /* CHALLENGE */

    function test_register_refusesBlocksThatTheChainDoesNotTell() public {
        Registration memory asked = readEnclave("enclave").asked;
        vm.roll(1_000);
        uint64[4] memory unknown = [uint64(1_000), 1_001, 1_000 - 257, 0];
        for (uint256 i; i < unknown.length; ++i) {
            asked.challengeBlock = unknown[i];
            vm.expectRevert(
                abi.encodeWithSelector(IEnclaveRegistry.ChallengeUnknown.selector, unknown[i], uint256(1_000))
            );
            enclaves.register(asked, "", new bytes[](0), "");
        }
    }

    /// Slot of the development platform's verifier: found by looking for the address.
    function _verifierSlot() private view returns (bytes32 slot) {
        for (uint256 base; base < 8; ++base) {
            slot = keccak256(abi.encode(uint256(Platform.DEVELOPMENT), base));
            if (vm.load(address(enclaves), slot) == bytes32(uint256(uint160(address(attestation))))) return slot;
        }
        revert("not found");
    }
}
