// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {NitroAttestation} from "../../contracts/attestation/NitroAttestation.sol";
import {ICertificateCache} from "../../contracts/interfaces/ICertificateCache.sol";
import {IOpenGradientVerifier} from "../../contracts/interfaces/IOpenGradientVerifier.sol";
import {Platform} from "../../contracts/types/Claims.sol";
import {OpenGradientVerifier} from "../../contracts/verifiers/OpenGradientVerifier.sol";
import {OpenGradientTest} from "./base/OpenGradientTest.sol";

contract OpenGradientVerifierAdmitTest is OpenGradientTest {
    struct RefusedAdmission {
        bytes document;
        bytes[] hints;
        string name;
        bytes reason;
    }

    string private constant REFUSED = "RefusedAdmission(bytes document,bytes[] hints,string name,bytes reason)";
    bytes32 private constant AWS_ROOT = 0x641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b;

    function test_admit_succeeds() public {
        vm.warp(madeAt + 5);
        vm.expectEmit(address(verifier));
        emit IOpenGradientVerifier.KeyAdmitted(
            teeId,
            measurement,
            vm.parseJsonBytes32(json, ".key.tlsCertificateHash"),
            uint40(madeAt + 5 + 24 hours),
            true
        );
        vm.prank(relayer);
        assertEq(verifier.admit(modulus, shown.document, shown.hints), teeId);
        assertEq(verifier.validUntil(teeId, measurement), madeAt + 5 + 24 hours);
    }

    function test_admit_renews() public {
        verifier.admit(modulus, shown.document, shown.hints);
        vm.warp(madeAt + 9 minutes);
        verifier.admit(modulus, shown.document, shown.hints);
        assertEq(verifier.validUntil(teeId, measurement), madeAt + 9 minutes + 24 hours);
    }

    /// Whoever runs an enclave can name any key in its document. The key stays what it is for other code.
    function test_admit_keepsOtherCodeApart() public {
        verifier.admit(modulus, shown.document, shown.hints);
        vm.warp(madeAt + 1);
        bytes32 other = vm.parseJsonBytes32(json, ".documentOfOtherCode.measurement");
        Shown memory forged = read(".documentOfOtherCode");
        verifier.admit(modulus, forged.document, forged.hints);
        assertEq(verifier.validUntil(teeId, measurement), madeAt + 24 hours);
        assertEq(verifier.validUntil(teeId, other), madeAt + 1 + 24 hours);
    }

    function test_admit_reverts_forEachDocumentThatIsWrong() public {
        RefusedAdmission[] memory refused =
            abi.decode(vm.parseJsonTypeArray(json, ".refused", REFUSED), (RefusedAdmission[]));
        for (uint256 i; i < refused.length; ++i) {
            vm.expectRevert(refused[i].reason);
            verifier.admit(modulus, refused[i].document, refused[i].hints);
        }
        assertEq(refused.length, 10, "documents");
    }

    function test_admit_reverts_whenKeyIsAnother() public {
        bytes memory other = vm.parseJsonBytes(json, ".otherModulus");
        bytes memory spki = vm.parseJsonBytes(json, ".key.spki");
        vm.expectPartialRevert(IOpenGradientVerifier.WrongSigningKey.selector);
        verifier.admit(other, shown.document, shown.hints);
        assertEq(keccak256(spki), verifier.teeIdOf(modulus), "id of the key's DER");
    }

    function test_admit_reverts_whenDocumentIsOfAnotherRoot() public {
        NitroAttestation aws =
            new NitroAttestation(attestation.SHA384(), attestation.P384(), AWS_ROOT, Platform.NITRO, owner);
        verifier = new OpenGradientVerifier(settlement, models, aws);
        vm.expectPartialRevert(ICertificateCache.WrongRoot.selector);
        verifier.admit(modulus, shown.document, shown.hints);
    }

    function test_admit_bounds_age() public {
        vm.warp(madeAt + 10 minutes);
        verifier.admit(modulus, shown.document, shown.hints);
        vm.warp(madeAt + 10 minutes + 1);
        _expectNotFresh();
        verifier.admit(modulus, shown.document, shown.hints);
    }

    function test_admit_bounds_future() public {
        vm.warp(madeAt - 10 minutes);
        verifier.admit(modulus, shown.document, shown.hints);
        vm.warp(madeAt - 10 minutes - 1);
        _expectNotFresh();
        verifier.admit(modulus, shown.document, shown.hints);
    }

    function testFuzz_teeIdOf_reverts_forOtherLengths(uint256 length) public {
        length = bound(length, 0, 600);
        vm.assume(length != 256);
        bytes memory other = new bytes(length);
        for (uint256 i; i < length; ++i) {
            other[i] = 0xff;
        }
        _expectNotRsa2048(length);
        verifier.teeIdOf(other);
        _expectNotRsa2048(length);
        verifier.admit(other, shown.document, shown.hints);
    }

    function test_teeIdOf_reverts_forFewerBits() public {
        bytes memory other = modulus;
        other[0] = 0x7f;
        _expectNotRsa2048(256);
        verifier.teeIdOf(other);
    }

    function test_teeIdOf_reverts_forEvenNumber() public {
        bytes memory other = modulus;
        other[255] &= 0xfe;
        _expectNotRsa2048(256);
        verifier.teeIdOf(other);
    }

    /// The gateway's own document is in the form. Its signing key is not published, so no key fits.
    function test_admit_readsTheDocumentOfTheRealGateway() public {
        NitroAttestation aws =
            new NitroAttestation(attestation.SHA384(), attestation.P384(), AWS_ROOT, Platform.NITRO, owner);
        verifier = new OpenGradientVerifier(settlement, models, aws);
        bytes memory document = vm.readFileBinary("tests/vectors/attestation/nitro/og_evm_2026-02-12.cose");
        string memory real = vm.readFile("tests/vectors/attestation/nitro_real.json");
        assertEq(vm.parseJsonString(real, ".accepted[3].name"), "og_evm_2026-02-12");
        bytes[] memory hints = vm.parseJsonBytesArray(real, ".accepted[3].hints");
        vm.warp(1_770_918_962 + 5);
        vm.expectRevert(
            abi.encodeWithSelector(
                IOpenGradientVerifier.WrongSigningKey.selector,
                bytes32(0xabf9d7453422eb419fc1391604b070a81bd6a61f4d9ae0ee71ab24d77670c154),
                sha256(vm.parseJsonBytes(json, ".key.spki"))
            )
        );
        verifier.admit(modulus, document, hints);
    }

    function _expectNotFresh() private {
        vm.expectRevert(
            abi.encodeWithSelector(IOpenGradientVerifier.DocumentNotFresh.selector, madeAt, block.timestamp)
        );
    }

    function _expectNotRsa2048(uint256 length) private {
        vm.expectRevert(abi.encodeWithSelector(IOpenGradientVerifier.ModulusNotRsa2048.selector, length));
    }
}
