// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice A token that misbehaves as told. Everybody may move everything; signatures are not looked at.
contract HostileToken {
    enum Manner {
        HONEST,
        TAKES_A_FEE,
        SAYS_NOTHING,
        SAYS_FALSE,
        REVERTS_WITH_A_BOMB,
        RETURNS_A_BOMB,
        BURNS_GAS,
        CALLS_BACK,
        LIES_ABOUT_BALANCES,
        BALANCE_IS_A_BOMB,
        BALANCE_BURNS_GAS,
        BALANCE_SHRINKS
    }

    mapping(address => uint256) private _balances;
    Manner private _manner;
    uint256 private _size;
    address private _target;
    bytes private _callback;

    /// Whether the last callback went through, and its answer.
    bool public calledBack;
    bytes public answer;

    function become(Manner manner, uint256 size) external {
        (_manner, _size) = (manner, size);
    }

    function callBack(address target, bytes calldata data) external {
        (_manner, _target, _callback) = (Manner.CALLS_BACK, target, data);
    }

    function mint(address to, uint256 amount) external {
        _balances[to] += amount;
    }

    function balanceOf(address owner) external view returns (uint256 balance) {
        if (_manner == Manner.BALANCE_BURNS_GAS) _burn();
        balance = _balances[owner];
        if (_manner == Manner.LIES_ABOUT_BALANCES) balance += gasleft() % 7;
        if (_manner == Manner.BALANCE_IS_A_BOMB) _bomb(false);
        if (_manner == Manner.BALANCE_SHRINKS) return type(uint256).max - balance;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        _move(from, to, amount);
        return true;
    }

    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256,
        uint256,
        bytes32,
        uint8,
        bytes32,
        bytes32
    ) external {
        _move(from, to, value);
    }

    function _move(address from, address to, uint256 amount) private {
        if (_manner == Manner.SAYS_FALSE) _return(0);
        if (_manner == Manner.BURNS_GAS) _burn();
        if (_manner == Manner.REVERTS_WITH_A_BOMB) _bomb(true);
        if (_manner == Manner.CALLS_BACK) (calledBack, answer) = _target.call(_callback);
        _balances[from] -= amount;
        _balances[to] += _manner == Manner.TAKES_A_FEE ? amount - _size : amount;
        if (_manner == Manner.RETURNS_A_BOMB) _bomb(false);
        if (_manner == Manner.SAYS_NOTHING) {
            assembly {
                return(0, 0)
            }
        }
    }

    function _return(uint256 word) private pure {
        assembly {
            mstore(0, word)
            return(0, 0x20)
        }
    }

    function _bomb(bool fails) private view {
        uint256 size = _size;
        assembly {
            if fails { revert(0, size) }
            return(0, size)
        }
    }

    function _burn() private view {
        while (gasleft() > 100) {}
    }
}
