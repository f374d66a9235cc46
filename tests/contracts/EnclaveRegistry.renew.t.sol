// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IEnclaveRegistry} from "../../contracts/interfaces/IEnclaveRegistry.sol";
import {AttestationClaims} from "../../contracts/types/Claims.sol";
import {EnclaveKey, Registration} from "../../contracts/types/EnclaveKey.sol";
import {EnclaveTest} from "./base/EnclaveTest.sol";

/// How a key that is registered gets a longer life, and which one does not.
contract EnclaveRegistryRenewTest is EnclaveTest {
    function test_register_renewsAKnownKey() public {
        bytes32 key = registerEnclave("enclave", wallet);
        uint256 renewedAt = vm.parseJsonUint(
            vm.readFile("tests/vectors/attestation/registrations.json"), ".enclaves.enclave_renewed.madeAt"
        );
        vm.warp(renewedAt);
        vm.expectRevert(
            abi.encodeWithSelector(
                IEnclaveRegistry.EnclaveKeyExpired.selector, key, enclaves.getKey(key).validUntil, renewedAt
            )
        );
        enclaves.requireActive(key, modelId, prover);

        Enclave memory renewal = readEnclave("enclave_renewed");
        vm.expectEmit(address(enclaves));
        emit IEnclaveRegistry.EnclaveRenewed(key, prover, modelId, uint40(renewedAt), renewal.asked.validUntil);
        assertEq(send(renewal), key);
        assertTrue(enclaves.requireActive(key, modelId, prover));
        EnclaveKey memory entry = enclaves.getKey(key);
        assertEq(entry.validUntil, renewal.asked.validUntil);
        assertEq(entry.validFrom, NOW, "first second");
    }

    function test_register_refusesARenewalWithOtherCode() public {
        bytes32 key = registerEnclave("enclave", wallet);
        bytes32 otherCode = readHash("enclave_with_other_code", "measurement");
        vm.prank(modelOwner);
        models.acceptMeasurement(modelId, otherCode);
        Enclave memory other = readEnclave("enclave_with_other_code");
        vm.warp(other.asked.validUntil - 1 days);
        expectRefused(
            other, abi.encodeWithSelector(IEnclaveRegistry.MeasurementChanged.selector, key, measurement, otherCode)
        );
    }

    function test_register_refusesARenewalThatEndsEarlier() public {
        bytes32 key = registerEnclave("enclave", wallet);
        Enclave memory again = readEnclave("enclave");
        uint40 validUntil = again.asked.validUntil;
        again.asked.validUntil -= 1;
        expectRefused(
            again, abi.encodeWithSelector(IEnclaveRegistry.NotLonger.selector, key, validUntil, validUntil - 1)
        );
        again.asked.validUntil += 2;
        send(again);
        assertEq(enclaves.getKey(key).validUntil, validUntil + 1);
    }

    /// So that nobody who copies a pending registration makes it fail.
    function test_register_takesTheSameAgainAndChangesNothing() public {
        bytes32 key = registerEnclave("enclave", wallet);
        Enclave memory again = readEnclave("enclave");
        bytes memory before = abi.encode(enclaves.getKey(key));
        vm.recordLogs();
        assertEq(send(again), key);
        assertEq(vm.getRecordedLogs().length, 0, "events");
        assertEq(abi.encode(enclaves.getKey(key)), before, "stored");
    }

    function testFuzz_register_refusesARenewalForAnotherProverOrModel(address otherProver, bool changesModel) public {
        (Registration memory asked, AttestationClaims memory claims) = looseEnclave();
        bytes32 key = sendLoose(asked, claims);
        vm.assume(otherProver != prover);
        if (changesModel) asked.modelId = registerModel("other weights");
        else asked.prover = otherProver;
        asked.validUntil += 1;
        claims.userData = loose.userDataOf(asked);
        expectLooseRefused(
            asked,
            claims,
            abi.encodeWithSelector(IEnclaveRegistry.EnclaveKeyMismatch.selector, key, asked.modelId, asked.prover)
        );
    }

    function test_register_refusesARevokedKeyForEver() public {
        bytes32 key = registerEnclave("enclave", wallet);
        vm.prank(prover);
        enclaves.revoke(key);
        Enclave memory again = readEnclave("enclave");
        again.asked.validUntil += 1;
        expectRefused(again, abi.encodeWithSelector(IEnclaveRegistry.EnclaveKeyRevoked.selector, key, NOW));
    }
}
