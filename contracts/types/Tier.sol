// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice How strongly a result is backed. The order is the strength and is the same in Python, SQL and JSON.
enum Tier {
    NONE,
    SIGNED,
    TEE,
    ZKML
}
