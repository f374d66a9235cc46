// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IHalo2Accumulator} from "../../../contracts/interfaces/external/IHalo2Accumulator.sol";

/// A STUB, not an accumulator: its "proof" is the answer itself, seven words, so that anybody chooses the points that
/// are added up. Its verifying key is what it was told.
contract OpenAccumulatorStub is IHalo2Accumulator {
    uint256[] private _key;

    function tell(uint256[] memory key) external {
        _key = key;
    }

    function verifyingKey() external view returns (uint256[] memory) {
        return _key;
    }

    function accumulate(bytes calldata proof, uint256[] calldata) external pure returns (uint256[7] memory) {
        return abi.decode(proof, (uint256[7]));
    }
}

/// A STUB that accepts exactly the proofs that it was told, with the verifying key that it was told.
contract ListedAccumulatorStub is IHalo2Accumulator {
    uint256[] private _key;
    mapping(bytes32 pair => bool) private _listed;
    uint256 private _burn;

    function tell(uint256[] memory key) external {
        _key = key;
    }

    function list(bytes memory proof, uint256[] memory instances) external {
        _listed[keccak256(abi.encode(proof, instances))] = true;
    }

    /// Gas that each call about such a proof uses up from now on.
    function setBurn(uint256 gasAmount) external {
        _burn = gasAmount;
    }

    function verifyingKey() external view returns (uint256[] memory) {
        return _key;
    }

    function accumulate(bytes calldata proof, uint256[] calldata instances)
        external
        view
        returns (uint256[7] memory words)
    {
        require(_listed[keccak256(abi.encode(proof, instances))]);
        uint256 start = gasleft();
        uint256 burn = _burn;
        while (start - gasleft() < burn) {}
        return words;
    }
}

/// A STUB that answers any call with the bytes that it was told: {accumulate} with one, everything else with the other.
contract AnyAnswerStub {
    bytes private _key;
    bytes private _words;

    function tell(bytes memory key, bytes memory words) external {
        (_key, _words) = (key, words);
    }

    fallback(bytes calldata input) external returns (bytes memory) {
        return bytes4(input) == IHalo2Accumulator.accumulate.selector ? _words : _key;
    }
}
