// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {SettledGroup} from "../../../contracts/types/Group.sol";
import {AdminHandler} from "./AdminHandler.sol";

/// Whatever those in charge do, with a verifier of their own, too: they take no money and change no history. All that
/// they get is receipts of their own prover that nobody paid, at the tier of their own verifier, for all to see.
contract AdminInvariants is Test {
    uint256 private constant HONEST_GROUPS = 2;

    AdminHandler private handler;

    function setUp() public {
        handler = new AdminHandler();
        handler.prepare();
        bytes4[] memory steps = new bytes4[](8);
        steps[0] = handler.addRoute.selector;
        steps[1] = handler.stopRoute.selector;
        steps[2] = handler.changeGuardian.selector;
        steps[3] = handler.changeOwner.selector;
        steps[4] = handler.revokeEnclave.selector;
        steps[5] = handler.ruinModel.selector;
        steps[6] = handler.forge.selector;
        steps[7] = handler.steal.selector;
        targetSelector(FuzzSelector({addr: address(handler), selectors: steps}));
        targetContract(address(handler));
    }

    /// I12: no money moves.
    function invariant_adminsMoveNoMoney() public view {
        assertEq(handler.payersNow(), handler.payersBalance(), "payer");
        assertEq(handler.paid(), handler.proversBalance(), "pay addresses");
    }

    /// I12: what was settled stays as it was.
    function invariant_adminsChangeNoHistory() public view {
        for (uint256 i; i < HONEST_GROUPS; ++i) {
            SettledGroup memory group = handler.groupNow(i);
            assertEq(group.tier, i + 1, "tier");
            assertEq(group.count, 3 - i, "count");
        }
    }

    /// I5: nothing counts that no active verifier accepted, and it counts at that verifier's tier only.
    function invariant_adminsCountWhatTheirVerifierAccepted() public view {
        (uint256 all, uint256 signed, uint256 tee, uint256 amount) = handler.talliesNow();
        assertEq(all, handler.receiptsBefore() + handler.forged(), "all");
        assertEq(signed, 3, "signed");
        assertEq(tee, 2 + handler.forged(), "tee");
        assertEq(amount, handler.proversBalance(), "amounts");
    }

    /// I11: a stopped route never comes back.
    function invariant_stoppedRoutesStayStopped() public view {
        (uint256 count, uint256 known) = handler.stoppedNow();
        assertEq(count, known);
    }
}
