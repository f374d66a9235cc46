// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Claim, IVerifier} from "../../../contracts/interfaces/IVerifier.sol";
import {Receipt} from "../../../contracts/types/Group.sol";
import {Tier} from "../../../contracts/types/Tier.sol";
import {Verdict} from "../../../contracts/types/Verdict.sol";
import {SettlementProof} from "./SettlementProof.sol";

/// Accepts everything but the receipts that it was told.
contract RefusingVerifier is IVerifier {
    Tier public constant tier = Tier.TEE;
    uint256 private _refused;

    function refuse(uint256 refused) external {
        _refused = refused;
    }

    /// @inheritdoc IVerifier
    function verify(Claim calldata, bytes calldata) external view returns (Verdict memory) {
        return Verdict({labels: 0, key: 0, valueCap: 0, refused: _refused});
    }
}

/// A receipt that the evidence does not back changes nothing. For every state of Settlement and every receipt, free or
/// paid, whether the token pays or refuses.
contract SettlementUnbackedProof is SettlementProof {
    bytes4 private constant ROUTE = "refu";
    RefusingVerifier private verifier;

    function setUp() public override {
        super.setUp();
        verifier = new RefusingVerifier();
        router.add(ROUTE, address(verifier), 100_000, 0, false);
        router.activate(ROUTE);
    }

    function check_refused_receiptChangesNothing(bool paid, uint256 refused, Receipt memory receipt) public {
        verifier.refuse(refused | 1);
        uint64 nonce = receipt.terms.nonce();
        bool before = settlement.isNonceUsed(address(this), nonce);
        uint64 count = settlement.tally(Tier.TEE);
        uint256 amount = settlement.amountTally(address(token), Tier.TEE);

        Receipt[] memory receipts = new Receipt[](1);
        receipts[0] = knowFloor(receipt);
        uint32 settled = settle(settlement, ROUTE, receipts, paid).settled;

        assert(settled == 0);
        assert(settlement.isNonceUsed(address(this), nonce) == before);
        assert(settlement.tally(Tier.TEE) == count);
        assert(settlement.amountTally(address(token), Tier.TEE) == amount);
    }
}
