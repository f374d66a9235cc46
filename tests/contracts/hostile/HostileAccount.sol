// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

/// @notice An ERC-1271 account that misbehaves as told.
contract HostileAccount is IERC1271 {
    enum Manner {
        ACCEPTS,
        BURNS_GAS,
        RETURNS_A_BOMB,
        REVERTS_WITH_A_BOMB,
        SAYS_NOTHING,
        SAYS_MORE,
        REFUSES
    }

    Manner private _manner;
    uint256 private _size;

    function become(Manner manner, uint256 size) external {
        (_manner, _size) = (manner, size);
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        Manner manner = _manner;
        uint256 size = _size;
        if (manner == Manner.BURNS_GAS) while (gasleft() > 100) {}
        if (manner == Manner.REFUSES) return 0xffffffff;
        bytes32 magic = IERC1271.isValidSignature.selector;
        assembly {
            mstore(0, magic)
            if eq(manner, 2) { return(0, size) }
            if eq(manner, 3) { revert(0, size) }
            if eq(manner, 4) { return(0, 0) }
            if eq(manner, 5) { return(0, 0x40) }
        }
        return IERC1271.isValidSignature.selector;
    }

    /// @notice Lets a spender move this account's tokens.
    function approve(address token, address spender) external {
        (bool success,) = token.call(abi.encodeWithSignature("approve(address,uint256)", spender, type(uint256).max));
        require(success, "no approval");
    }
}
