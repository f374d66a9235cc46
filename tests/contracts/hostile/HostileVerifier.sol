// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ISettlement} from "../../../contracts/interfaces/ISettlement.sol";
import {Claim, IVerifier} from "../../../contracts/interfaces/IVerifier.sol";
import {Tier} from "../../../contracts/types/Tier.sol";
import {Verdict} from "../../../contracts/types/Verdict.sol";

/// @notice A verifier of the tier TEE that misbehaves as told.
contract HostileVerifier is IVerifier {
    enum Manner {
        ACCEPTS,
        BURNS_GAS,
        RETURNS_A_BOMB,
        REVERTS_WITH_A_BOMB,
        SAYS_NOTHING,
        REVERTS_SILENTLY,
        FEIGNS_WANT_OF_GAS,
        NEEDS_GAS,
        CALLS_BACK
    }

    Manner private _manner;
    uint256 private _size;
    address private _target;
    bytes private _callback;

    function become(Manner manner, uint256 size) external {
        (_manner, _size) = (manner, size);
    }

    function callBack(address target, bytes calldata data) external {
        (_manner, _target, _callback) = (Manner.CALLS_BACK, target, data);
    }

    /// @inheritdoc IVerifier
    function tier() external pure returns (Tier) {
        return Tier.TEE;
    }

    /// @inheritdoc IVerifier
    function verify(Claim calldata, bytes calldata) external view returns (Verdict memory) {
        Manner manner = _manner;
        uint256 size = _size;
        if (manner == Manner.CALLS_BACK) {
            (bool success,) = _target.staticcall(_callback);
            require(!success, "the call went through");
        }
        if (manner == Manner.FEIGNS_WANT_OF_GAS) revert ISettlement.NotEnoughGas(0, 1);
        if (manner == Manner.BURNS_GAS) while (gasleft() > 100) {}
        if (manner == Manner.NEEDS_GAS) {
            uint256 until = gasleft() - size;
            while (gasleft() > until) {}
        }
        assembly {
            if eq(manner, 2) { return(0, size) }
            if eq(manner, 3) { revert(0, size) }
            if eq(manner, 4) { return(0, 0) }
            if eq(manner, 5) { revert(0, 0) }
        }
        return Verdict({labels: 0, key: 0, valueCap: 0, refused: 0});
    }
}
