// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ISettlement} from "../interfaces/ISettlement.sol";
import {Receipt} from "../types/Group.sol";
import {Tier} from "../types/Tier.sol";

/// @title ModelOracle
/// @notice Example of a contract that acts on inferences: it keeps the newest response of one model to one request, and
/// believes only what Settlement has settled at TEE or better. Each receipt counts once.
/// @dev It asks Settlement and nobody else: a verifier by itself says nothing about payment, floor or route.
contract ModelOracle {
    /// @notice Whom it believes.
    ISettlement public immutable SETTLEMENT;
    /// @notice The model whose responses count.
    bytes32 public immutable MODEL_ID;
    /// @notice Commitment to the one request.
    bytes32 public immutable REQUEST_HASH;

    /// @notice The newest settled response.
    bytes public response;
    /// @notice Unix time in seconds at which it was served; zero before the first one.
    uint64 public servedAt;
    /// @notice Whether a receipt has counted.
    mapping(bytes32 receiptHash => bool) public isUsed;

    /// @notice A settled response was taken.
    /// @param receiptHash The receipt that carried it.
    /// @param prover Who ran the model.
    /// @param response The response itself.
    /// @param servedAt Unix time in seconds at which it was served.
    event Answered(bytes32 indexed receiptHash, address indexed prover, bytes response, uint64 servedAt);

    /// @notice The receipt has counted before.
    error ReceiptUsed(bytes32 receiptHash);
    /// @notice The receipt is about another request.
    error OtherRequest(bytes32 expected, bytes32 actual);
    /// @notice The answer is not what the receipt commits to.
    error OtherResponse(bytes32 expected, bytes32 actual);
    /// @notice The known response was served later or at the same second.
    error NotNewer(uint64 known, uint64 given);

    constructor(ISettlement settlement, bytes32 modelId, bytes32 requestHash) {
        SETTLEMENT = settlement;
        MODEL_ID = modelId;
        REQUEST_HASH = requestHash;
    }

    /// @notice Takes a settled response. Anybody may send it.
    /// @param prover Prover of the receipt's group.
    /// @param asset Asset of the group.
    /// @param receipt The receipt.
    /// @param proof Its Merkle proof under the group's root.
    /// @param answer What the receipt's response hash commits to.
    function report(
        address prover,
        address asset,
        Receipt calldata receipt,
        bytes32[] calldata proof,
        bytes calldata answer
    ) external {
        bytes32 receiptHash = SETTLEMENT.receiptHash(MODEL_ID, prover, asset, receipt);
        require(!isUsed[receiptHash], ReceiptUsed(receiptHash));
        require(receipt.requestHash == REQUEST_HASH, OtherRequest(REQUEST_HASH, receipt.requestHash));
        require(receipt.responseHash == keccak256(answer), OtherResponse(receipt.responseHash, keccak256(answer)));
        uint64 time = receipt.terms.servedAt();
        require(time > servedAt, NotNewer(servedAt, time));
        SETTLEMENT.requireSettled(MODEL_ID, prover, asset, receipt, proof, Tier.TEE);

        isUsed[receiptHash] = true;
        (response, servedAt) = (answer, time);

        emit Answered(receiptHash, prover, answer, time);
    }
}
