// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AttestationClaims, Platform} from "../../contracts/types/Claims.sol";
import {TdxTest} from "./base/TdxTest.sol";

/// Lists and quotes below a root of our own (tools/make_tdx_vectors.py): each is right, or wrong in one place and right
/// everywhere else, signatures included.
contract TdxAttestationCasesTest is TdxTest {
    /// The fields are in the order of the alphabet, as the parser wants them.
    struct TdxCase {
        uint256[] calls;
        bool debug;
        string name;
        uint256 notAfter;
        bytes reason;
        uint256 start;
        uint256 timestamp;
    }

    string private constant CASE =
        "TdxCase(uint256[] calls,bool debug,string name,uint256 notAfter,bytes reason,uint256 start,uint256 timestamp)";

    function test_cases_withNothingStored() public {
        _check(0, 18);
    }

    function test_cases_withRevocationsStored() public {
        _check(1, 54);
    }

    function test_cases_withEverythingStored() public {
        _check(2, 197);
    }

    /// Runs the cases that begin with this much stored.
    function _check(uint256 start, uint256 count) private {
        string memory json = _readVectors("tdx_cases");
        Step[] memory calls = _readSteps(json, ".calls");
        _deploy(vm.parseJsonBytes32(json, ".root"), Platform.DEVELOPMENT);
        vm.warp(vm.parseJsonUint(json, ".timestamp"));
        string[3] memory starts = ["nothing", "revocations", "everything"];
        for (uint256 i; i <= start; ++i) {
            _store(calls, vm.parseJsonUintArray(json, string.concat(".starts.", starts[i])));
        }
        TdxCase[] memory cases = abi.decode(vm.parseJsonTypeArray(json, ".cases", CASE), (TdxCase[]));
        (uint256 ran, string memory wrong) = _runFrom(start, cases, calls);
        assertEq(wrong, "", "answered in another way");
        assertEq(ran, count, "cases");
    }

    function _store(Step[] memory calls, uint256[] memory steps) private {
        for (uint256 i; i < steps.length; ++i) {
            assertTrue(_isAnswered(calls[steps[i]], ""), "stored before the cases");
        }
    }

    function _runFrom(uint256 start, TdxCase[] memory cases, Step[] memory calls)
        private
        returns (uint256 ran, string memory wrong)
    {
        for (uint256 i; i < cases.length; ++i) {
            if (cases[i].start != start) continue;
            uint256 snapshot = vm.snapshotState();
            vm.warp(cases[i].timestamp);
            bool isRight = _run(cases[i], calls);
            vm.revertToStateAndDelete(snapshot);
            if (!isRight) wrong = string.concat(wrong, cases[i].name, "; ");
            ++ran;
        }
    }

    function _run(TdxCase memory case_, Step[] memory calls) private returns (bool) {
        for (uint256 i; i + 1 < case_.calls.length; ++i) {
            if (!_isAnswered(calls[case_.calls[i]], "")) return false;
        }
        Step memory last = calls[case_.calls[case_.calls.length - 1]];
        if (!_isAnswered(last, case_.reason)) return false;
        return case_.reason.length != 0 || targets[last.target] != address(attestation) || _says(last.data, case_);
    }

    /// Whether the claims of a quote are the expected ones.
    function _says(bytes memory data, TdxCase memory case_) private returns (bool) {
        (, bytes memory answer) = address(attestation).call(data);
        AttestationClaims memory claims = abi.decode(answer, (AttestationClaims));
        return claims.platform == Platform.DEVELOPMENT && claims.debug == case_.debug
            && claims.timestamp == case_.timestamp && (case_.notAfter == 0 || claims.notAfter == case_.notAfter);
    }

    /// Whether the call is accepted when there is no reason, else whether its revert data start with the reason.
    function _isAnswered(Step memory step, bytes memory reason) private returns (bool) {
        (bool success, bytes memory answer) = targets[step.target].call(step.data);
        if (reason.length == 0) return success;
        if (success || answer.length < reason.length) return false;
        for (uint256 i; i < reason.length; ++i) {
            if (answer[i] != reason[i]) return false;
        }
        return true;
    }
}
