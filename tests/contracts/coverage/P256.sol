// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Takes the place of OpenZeppelin's library when coverage is measured: that one does not compile without the
/// optimizer. Asks the precompile of EIP-7951, which coverage runs with.
library P256 {
    uint256 internal constant N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551;

    address private constant PRECOMPILE = address(0x100);

    function verify(bytes32 h, bytes32 r, bytes32 s, bytes32 qx, bytes32 qy) internal view returns (bool) {
        if (uint256(s) > N / 2) return false;
        (, bytes memory answer) = PRECOMPILE.staticcall(abi.encode(h, r, s, qx, qy));
        return answer.length == 32 && abi.decode(answer, (uint256)) == 1;
    }
}
