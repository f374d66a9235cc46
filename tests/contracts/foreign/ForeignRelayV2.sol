// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice Emits what OpenGradient's second relay emits, and like it verifies nothing. Anybody may call it.
contract ForeignRelayV2 {
    event BatchSettlement(bytes32 indexed merkleRoot, uint256 batchSize, bytes walrusBlobId);
    event IndividualSettlement(
        bytes32 indexed teeId,
        address indexed ethAddress,
        bytes32 inputHash,
        bytes32 outputHash,
        uint256 timestamp,
        bytes walrusBlobId,
        bytes signature
    );
    /// @dev Emitted elsewhere, by the hub of the alpha network. Its mode means one thing for models, another for LLMs.
    event ModelInferenceEvent(string inferenceID, uint8 mode, string modelCID);

    function batchSettle(bytes32 merkleRoot, uint256 batchSize, bytes calldata walrusBlobId) external {
        emit BatchSettlement(merkleRoot, batchSize, walrusBlobId);
    }

    function settleIndividual(
        bytes32 teeId,
        bytes32 inputHash,
        bytes32 outputHash,
        uint256 timestamp,
        address ethAddress,
        bytes calldata walrusBlobId,
        bytes calldata signature
    ) external {
        emit IndividualSettlement(teeId, ethAddress, inputHash, outputHash, timestamp, walrusBlobId, signature);
    }

    function runModelInference(string calldata inferenceId, uint8 mode, string calldata modelCid) external {
        emit ModelInferenceEvent(inferenceId, mode, modelCid);
    }

    /// @notice Emits a log of the chosen topics and data, as a relay of unknown code may.
    function emitAnything(bytes32 topic, bytes32 second, bytes calldata data) external {
        bytes memory copied = data;
        assembly ("memory-safe") {
            log2(add(copied, 32), mload(copied), topic, second)
        }
    }
}
