// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Group} from "../../contracts/types/Group.sol";
import {Tier} from "../../contracts/types/Tier.sol";
import {SettlementTest} from "./base/SettlementTest.sol";

/// The dearest evidence of the tier fits into the gas of its route: P-256 where a chain has no precompile for it.
contract SettlementTeeTest is SettlementTest {
    uint256 private constant P256_KEY = uint256(keccak256("p256 enclave"));

    function test_settle_takesP256EvidenceWithoutThePrecompile() public {
        Enclave memory other = readEnclave("p256");
        bytes memory possession = _signP256(other.asked.publicKey, enclaves.registrationDigest(other.asked));
        enclaves.register(other.asked, other.document, other.hints, possession);
        Group memory group = teeGroup(one(paidReceipt(Tier.TEE)));
        group.evidence = _signP256(other.asked.publicKey, digestOf(group));
        assertEq(settleOne(group).settled, 1);
    }

    function _signP256(bytes memory publicKey, bytes32 digest) private pure returns (bytes memory) {
        (bytes32 r, bytes32 s) = vm.signP256(P256_KEY, sha256(abi.encode(digest)));
        return abi.encodePacked(publicKey, r, s);
    }
}
