// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Platform} from "../../contracts/types/Claims.sol";
import {AttestationTest} from "./base/AttestationTest.sol";

/// Documents of a software root (tools/make_nitro_vectors.py): each is right, or wrong in one place and right everywhere
/// else, signatures and hints included.
contract NitroAttestationDocumentsTest is AttestationTest {
    function test_verify_acceptsUnusualCertificates() public {
        _assertAccepted("nitro_certificates", 12);
    }

    function test_verify_acceptsUnusualDocuments() public {
        _assertAccepted("nitro_documents", 24);
    }

    function test_verify_refusesCertificatesThatAreWrongInOnePlace() public {
        _assertRefused("nitro_certificates", 108);
    }

    function test_verify_refusesDocumentsThatAreWrongInOnePlace() public {
        _assertRefused("nitro_documents", 84);
    }

    function _assertAccepted(string memory file, uint256 count) private {
        string memory json = _readVectors(file);
        _useSoftwareRoot(json);
        Accepted[] memory vectors = _readAccepted(json);
        for (uint256 i; i < vectors.length; ++i) {
            Accepted memory vector = vectors[i];
            _assertClaims(Platform.DEVELOPMENT, verifier.verify(vector.document, vector.hints), vector);
        }
        assertEq(vectors.length, count, "accepted documents");
    }

    function _assertRefused(string memory file, uint256 count) private {
        string memory json = _readVectors(file);
        _useSoftwareRoot(json);
        Refused[] memory vectors = _readRefused(json);
        for (uint256 i; i < vectors.length; ++i) {
            Refused memory vector = vectors[i];
            try verifier.verify(vector.document, vector.hints) {
                revert(string.concat("accepted: ", vector.name));
            } catch (bytes memory reason) {
                assertEq(reason, vector.reason, vector.name);
            }
        }
        assertEq(vectors.length, count, "refused documents");
    }
}
