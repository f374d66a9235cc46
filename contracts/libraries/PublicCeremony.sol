// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice The SRS of the public ceremony (perpetual powers of tau) that ezkl's circuits are set up with.
library PublicCeremony {
    /// @dev -s * G2, as generated verifiers name it: x_1, x_2, y_1, y_2.
    uint256 private constant NEG_S_G2_X_1 = 0x186282957db913abd99f91db59fe69922e95040603ef44c0bd7aa3adeef8f5ac;
    uint256 private constant NEG_S_G2_X_2 = 0x17944351223333f260ddc3b4af45191b856689eda9eab5cbcddbbe570ce860d2;
    uint256 private constant NEG_S_G2_Y_1 = 0x06d971ff4a7467c3ec596ed6efc674572e32fd6f52b721f97e35b0b3d3546753;
    uint256 private constant NEG_S_G2_Y_2 = 0x06ecdb9f9567f59ed2eee36e1e1d58797fd13cc97fafc2910f5e8a12f202fa9a;

    /// @notice Whether a verifying key was set up with it.
    /// @param key Words of the key; the first four are -s * G2.
    function isOf(uint256[] memory key) internal pure returns (bool) {
        return key[0] == NEG_S_G2_X_1 && key[1] == NEG_S_G2_X_2 && key[2] == NEG_S_G2_Y_1 && key[3] == NEG_S_G2_Y_2;
    }
}
