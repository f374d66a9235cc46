// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice A token that takes any call that it does not know for a deposit, here of nothing, as wrapped ether does.
contract PhantomToken {
    mapping(address owner => uint256) public balanceOf;

    fallback() external {
        balanceOf[msg.sender] += 0;
    }
}
