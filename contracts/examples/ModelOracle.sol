// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {ISettlement} from "../interfaces/ISettlement.sol";
import {Receipt} from "../types/Group.sol";
import {Tier} from "../types/Tier.sol";

/// @title ModelOracle
/// @notice Example of a contract that acts on inferences: it keeps the newest response of one prover's model to each
/// request, and believes only what Settlement has settled at TEE or better, on evidence without labels: a development
/// root proves nothing, and an unbound result may have been made for somebody else.
contract ModelOracle {
    /// @notice The only one it asks: a verifier by itself says nothing about payment, floor or route.
    ISettlement public immutable SETTLEMENT;
    /// @notice The model whose responses count.
    bytes32 public immutable MODEL_ID;
    /// @notice The prover whose responses count. It states the time; another one could state a false one.
    address public immutable PROVER;

    /// @notice Newest settled response to a request.
    mapping(bytes32 requestHash => bytes) public responseTo;
    /// @notice Unix time in seconds at which it was served; zero when there is none.
    mapping(bytes32 requestHash => uint64) public servedAt;

    /// @notice A newer response was taken.
    /// @param requestHash The request.
    /// @param servedAt Unix time in seconds at which it was served.
    event Answered(bytes32 indexed requestHash, uint64 servedAt);

    /// @notice The answer is not what the receipt commits to.
    error OtherResponse(bytes32 expected, bytes32 actual);
    /// @notice The evidence of the receipt's group is weaker than its tier says; `labels` are bits of {Labels}.
    error LabelledEvidence(uint8 labels);
    /// @notice The response is not newer than the known one, or is said to come from the future.
    error NotNewer(uint64 known, uint64 given);

    constructor(ISettlement settlement, bytes32 modelId, address prover) {
        (SETTLEMENT, MODEL_ID, PROVER) = (settlement, modelId, prover);
    }

    /// @notice Takes a settled response. Anybody may send it; a receipt counts once, because time must pass.
    /// @param asset Asset of the receipt's group.
    /// @param receipt The receipt.
    /// @param proof Its Merkle proof under the group's root.
    /// @param answer What the receipt's response hash commits to.
    function report(address asset, Receipt calldata receipt, bytes32[] calldata proof, bytes calldata answer) external {
        require(receipt.responseHash == keccak256(answer), OtherResponse(receipt.responseHash, keccak256(answer)));
        bytes32 request = receipt.requestHash;
        uint64 time = receipt.terms.servedAt();
        require(time > servedAt[request] && time <= block.timestamp, NotNewer(servedAt[request], time));
        SETTLEMENT.requireSettled(MODEL_ID, PROVER, asset, receipt, proof, Tier.TEE);
        uint8 labels = _labelsOf(asset, receipt, proof);
        require(labels == 0, LabelledEvidence(labels));

        (responseTo[request], servedAt[request]) = (answer, time);

        emit Answered(request, time);
    }

    /// @dev The labels of the group that holds the receipt.
    function _labelsOf(address asset, Receipt calldata receipt, bytes32[] calldata proof) private view returns (uint8) {
        bytes32 leaf = SETTLEMENT.receiptHash(MODEL_ID, PROVER, asset, receipt);
        return SETTLEMENT.settledGroup(MerkleProof.processProofCalldata(proof, leaf)).labels;
    }
}
