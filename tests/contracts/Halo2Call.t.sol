// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {IHalo2Verifier} from "../../contracts/interfaces/external/IHalo2Verifier.sol";
import {Halo2Call} from "../../contracts/verifiers/Halo2Call.sol";

/// A verifier that accepts when it got the gas that the first instance names, but for what it has used itself.
contract GasReader is IHalo2Verifier {
    uint256 private constant OWN_GAS = 2_000;

    function verifyProof(bytes calldata, uint256[] calldata instances) external view returns (bool) {
        return gasleft() + OWN_GAS >= instances[0];
    }
}

contract Halo2CallTest is Test {
    address private verifier = address(new GasReader());

    /// Around the limit, of any size: either the verifier gets what it was promised, or the call is not made.
    function testFuzz_accepts_givesTheGasThatItPromises(uint32 gasLimit, uint256 extra) public view {
        gasLimit = uint32(bound(gasLimit, 100_000, 800_000_000));
        uint256 available = gasLimit + bound(extra, gasLimit / 65, gasLimit / 63 + 30_000);
        uint256[] memory instances = new uint256[](1);
        instances[0] = gasLimit;
        try this.accepts{gas: available}(gasLimit, instances) returns (bool accepted) {
            assertTrue(accepted, "it got the gas");
        } catch (bytes memory reason) {
            assertEq(bytes4(reason), Halo2Call.NotEnoughGasForProof.selector, "or the caller says so");
            assertLt(available, uint256(gasLimit) * 64 / 63 + 20_000, "and only if there was too little");
        }
    }

    function accepts(uint256 gasLimit, uint256[] calldata instances) external view returns (bool) {
        return Halo2Call.accepts(verifier, gasLimit, "", instances);
    }
}
