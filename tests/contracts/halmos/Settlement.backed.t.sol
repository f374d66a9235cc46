// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Claim, IVerifier} from "../../../contracts/interfaces/IVerifier.sol";
import {Receipt} from "../../../contracts/types/Group.sol";
import {Tier} from "../../../contracts/types/Tier.sol";
import {Verdict} from "../../../contracts/types/Verdict.sol";
import {SettlementProof} from "./SettlementProof.sol";

/// Accepts everything for one key, with the cap that it was told.
contract CappingVerifier is IVerifier {
    bytes32 public constant KEY = "key";
    Tier public constant tier = Tier.TEE;
    uint256 private _valueCap;

    function limit(uint256 valueCap) external {
        _valueCap = valueCap;
    }

    /// @inheritdoc IVerifier
    function verify(Claim calldata, bytes calldata) external view returns (Verdict memory) {
        return Verdict({labels: 0, key: KEY, valueCap: _valueCap, refused: 0});
    }
}

/// What a key backs is what its groups paid, and never passes its cap. For every state of Settlement, every cap and
/// every receipt, free or paid, whether the token pays or refuses.
contract SettlementBackedProof is SettlementProof {
    bytes4 private constant ROUTE = "caps";
    CappingVerifier private verifier;

    function setUp() public override {
        super.setUp();
        verifier = new CappingVerifier();
        router.add(ROUTE, address(verifier), 100_000, 0, false);
        router.activate(ROUTE);
    }

    function check_backed_isWhatWasPaidUpToTheCap(bool paid, uint256 valueCap, Receipt memory receipt) public {
        verifier.limit(valueCap);
        (uint256 backed, uint256 amount) = _sums();

        Receipt[] memory receipts = new Receipt[](1);
        receipts[0] = knowFloor(receipt);
        settle(settlement, ROUTE, receipts, paid);

        (uint256 backedNow, uint256 amountNow) = _sums();
        unchecked {
            assert(backedNow - backed == amountNow - amount);
        }
        assert(backedNow == backed || backedNow <= valueCap);
    }

    function check_backed_byOtherKeysStays(bytes32 key, address asset, Receipt memory receipt) public {
        vm.assume(key != verifier.KEY() || asset != address(token));
        verifier.limit(type(uint256).max);
        uint256 backed = settlement.backedAmount(key, asset);

        Receipt[] memory receipts = new Receipt[](1);
        receipts[0] = knowFloor(receipt);
        settle(settlement, ROUTE, receipts, true);

        assert(settlement.backedAmount(key, asset) == backed);
    }

    /// What the key has backed, and what the tier was paid.
    function _sums() private view returns (uint256 backed, uint256 amount) {
        backed = settlement.backedAmount(verifier.KEY(), address(token));
        amount = settlement.amountTally(address(token), Tier.TEE);
    }
}
