// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {NitroAttestation} from "../../contracts/attestation/NitroAttestation.sol";
import {ICertificateCache} from "../../contracts/interfaces/ICertificateCache.sol";
import {INitroAttestation} from "../../contracts/interfaces/INitroAttestation.sol";
import {Platform} from "../../contracts/types/Claims.sol";
import {AttestationTest} from "./base/AttestationTest.sol";

/// Which roots are taken where.
contract NitroAttestationConstructorTest is AttestationTest {
    function testFuzz_constructor_takesAwsOnEveryChain(uint64 chainId) public {
        vm.chainId(chainId);
        _useAws();
        assertEq(uint8(verifier.PLATFORM()), uint8(Platform.NITRO));
        assertEq(verifier.ROOT(), verifier.AWS_ROOT());
        assertEq(address(verifier.SHA384()), address(sha384_));
        assertEq(address(verifier.P384()), address(p384));
        assertEq(verifier.owner(), owner);
    }

    function testFuzz_constructor_reverts_whenNitroHasAnotherRoot(bytes32 root) public {
        _useAws();
        bytes32 aws = verifier.AWS_ROOT();
        vm.assume(root != aws);
        vm.expectRevert(abi.encodeWithSelector(ICertificateCache.WrongRoot.selector, root, aws));
        new NitroAttestation(sha384_, p384, root, Platform.NITRO, owner);
    }

    function testFuzz_constructor_reverts_whenADevelopmentRootIsOnAnotherChain(uint64 chainId) public {
        vm.assume(chainId != 31337 && chainId != 1337 && chainId != 84532);
        vm.chainId(chainId);
        vm.expectRevert(abi.encodeWithSelector(INitroAttestation.DevelopmentRootRefused.selector, chainId));
        new NitroAttestation(sha384_, p384, "root", Platform.DEVELOPMENT, owner);
    }

    function test_constructor_takesADevelopmentRootOnDevelopmentChains() public {
        uint16[2] memory chainIds = [31337, 1337];
        for (uint256 i; i < 2; ++i) {
            vm.chainId(chainIds[i]);
            verifier = new NitroAttestation(sha384_, p384, "root", Platform.DEVELOPMENT, owner);
            assertEq(uint8(verifier.PLATFORM()), uint8(Platform.DEVELOPMENT));
            assertEq(verifier.ROOT(), "root");
        }
    }

    function test_constructor_reverts_forOtherPlatforms() public {
        Platform[2] memory others = [Platform.NONE, Platform.TDX];
        for (uint256 i; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(INitroAttestation.PlatformNotSupported.selector, others[i]));
            new NitroAttestation(sha384_, p384, "root", others[i], owner);
        }
    }

    function test_verify_refusesDocumentsOfTheSoftwareRootUnderAwsRoot() public {
        string memory json = _readVectors("nitro_documents");
        _useSoftwareRoot(json);
        bytes32 software = verifier.ROOT();
        Accepted memory vector = _readAccepted(json)[0];
        _useAws();
        vm.expectRevert(abi.encodeWithSelector(ICertificateCache.WrongRoot.selector, software, verifier.AWS_ROOT()));
        verifier.verify(vector.document, vector.hints);
    }
}
