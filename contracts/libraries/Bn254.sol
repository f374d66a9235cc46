// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Points of the curve BN254 through the EVM's precompiles. (0, 0) is the point at infinity.
library Bn254 {
    /// @notice Order of the curve, which is the modulus of its scalar field.
    uint256 internal constant ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @dev Gas for a product or a sum (6,000 and 150 on Ethereum), and for the pairing (113,000). A precompile takes all
    /// of it when a point is none of the curve.
    uint256 private constant POINT_GAS = 40_000;
    uint256 private constant PAIRING_GAS = 600_000;

    /// @dev The generator of the second group, as the pairing takes it.
    uint256 private constant G2_X_1 = 0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2;
    uint256 private constant G2_X_2 = 0x1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed;
    uint256 private constant G2_Y_1 = 0x090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b;
    uint256 private constant G2_Y_2 = 0x12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa;

    /// @notice A point of the first group.
    struct Point {
        uint256 x;
        uint256 y;
    }

    /// @notice Adds `factor * (x, y)` to `sum`.
    /// @return success False when (x, y) is no point of the curve, or the gas does not suffice.
    function addProduct(Point memory sum, uint256 x, uint256 y, uint256 factor) internal view returns (bool success) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, x)
            mstore(add(free, 0x20), y)
            mstore(add(free, 0x40), factor)
            success := staticcall(POINT_GAS, 0x07, free, 0x60, free, 0x40)
            mstore(add(free, 0x40), mload(sum))
            mstore(add(free, 0x60), mload(add(sum, 0x20)))
            success := and(success, staticcall(POINT_GAS, 0x06, free, 0x80, sum, 0x40))
        }
    }

    /// @notice Whether e(lhs, G2) * e(rhs, g2) = 1.
    /// @param lhs Point of the first group.
    /// @param rhs Point of the first group.
    /// @param g2 Words whose first four are a point of the second group.
    function pairs(Point memory lhs, Point memory rhs, uint256[] memory g2) internal view returns (bool equal) {
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, mload(lhs))
            mstore(add(free, 0x20), mload(add(lhs, 0x20)))
            mstore(add(free, 0x40), G2_X_1)
            mstore(add(free, 0x60), G2_X_2)
            mstore(add(free, 0x80), G2_Y_1)
            mstore(add(free, 0xa0), G2_Y_2)
            mstore(add(free, 0xc0), mload(rhs))
            mstore(add(free, 0xe0), mload(add(rhs, 0x20)))
            mcopy(add(free, 0x100), add(g2, 0x20), 0x80)
            equal := staticcall(PAIRING_GAS, 0x08, free, 0x180, free, 0x20)
            equal := and(equal, eq(mload(free), 1))
        }
    }
}
