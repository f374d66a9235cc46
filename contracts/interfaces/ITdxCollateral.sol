// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {TcbStatus} from "../types/TdxTcb.sol";
import {IIntelCertificates} from "./IIntelCertificates.sol";

/// @title What Intel says about TDX machines, kept on chain
/// @notice Intel signs lists of the firmware versions of one kind of machine ("TCB info") and of its quoting enclave, and
/// renews them within a month. Anybody may submit a newer list; none is ever replaced by an older one, and there is no
/// owner. When a list is past its next update, quotes that need it are refused. Intel publishes each round in two rhythms,
/// early and standard: once somebody has submitted the early one, the standard one of an older round is refused.
///
/// A list is accepted in exactly the form that Intel writes: JSON with these keys in this order and without spaces, and
/// levels from the highest to the lowest. If Intel changes the form, new lists are refused, the old ones expire, and a new
/// contract is needed.
///
/// A machine is accepted when all of these are `UpToDate` and name no advisory: the first level that its firmware
/// reaches, judged by the versions of its parts and by the processor's packed version alike; its TDX module; and its
/// quoting enclave.
interface ITdxCollateral {
    /// @notice The list for one kind of machine was stored.
    /// @param fmspc Intel's number of the kind.
    /// @param pceId Intel's number of the provisioning enclave.
    /// @param evaluationNumber Intel's number of the round.
    /// @param validUntil Unix seconds until which it holds.
    event TcbInfoStored(bytes6 indexed fmspc, bytes2 indexed pceId, uint16 evaluationNumber, uint40 validUntil);
    /// @notice The quoting enclave's identity was stored.
    /// @param evaluationNumber Intel's number of the round.
    /// @param validUntil Unix seconds until which it holds.
    event QeIdentityStored(uint16 evaluationNumber, uint40 validUntil);

    /* LISTS */

    /// @notice The text goes on otherwise; both are cut after 32 bytes.
    error WrongText(bytes32 found, bytes32 expected);
    /// @notice Not a number of the range in its shortest form; cut after 32 bytes.
    error BadNumber(bytes32 found, uint256 max);
    /// @notice Not an upper-case hexadecimal digit.
    error BadHexDigit(bytes1 digit);
    /// @notice A string has no end, or holds what Intel's strings do not.
    error BadString(bytes32 found);
    /// @notice Not a time in UTC; cut after 32 bytes.
    error BadIsoTime(bytes32 found);
    /// @notice Bytes follow the list.
    error TextAfterEnd(uint256 count);
    /// @notice No such status is known.
    error UnknownStatus(bytes status);
    /// @notice The list names a TDX module twice.
    error ModuleRepeated(uint8 version);
    /// @notice A level is not below the one before it; the first one is number zero.
    error LevelsNotDescending(uint256 number);
    /// @notice The signature has another length.
    error WrongListSignatureLength(uint256 length, uint256 expected);
    /// @notice Another key signed the list.
    error ListSignatureInvalid();
    /// @notice The list is made later than now.
    error NotYetIssued(uint256 issuedAt, uint256 timestamp);
    /// @notice The list must be renewed before it is used; `validUntil` is zero when there is none.
    error ListNotCurrent(uint256 validUntil, uint256 timestamp);
    /// @notice The list is not newer than the one that is stored: round and time of both.
    error NotNewer(uint256 evaluationNumber, uint256 issuedAt, uint256 storedNumber, uint256 storedIssuedAt);

    /* POLICY */

    /// @notice There is no list for this kind of machine.
    error UnknownMachine(bytes6 fmspc, bytes2 pceId);
    /// @notice The machine reaches no level of its list.
    error NoMachineLevel(bytes16 svns, uint16 pceSvn, bytes16 tdxSvns);
    /// @notice The machine's firmware has this state and is open to so many known attacks.
    error MachineNotUpToDate(TcbStatus status, uint8 advisories);
    /// @notice No such TDX module is known.
    error UnknownTdxModule(uint8 version);
    /// @notice The TDX module has another signer (keccak256 of it) or other attributes.
    error WrongTdxModule(bytes32 signer, bytes8 attributes);
    /// @notice The TDX module reaches no level of its list.
    error NoModuleLevel(uint16 svn);
    /// @notice The TDX module has this state and is open to so many known attacks.
    error ModuleNotUpToDate(TcbStatus status, uint8 advisories);
    /// @notice The quoting enclave runs in debug mode.
    error QuotingEnclaveDebug(bytes16 attributes);
    /// @notice The quoting enclave is another one.
    error WrongQuotingEnclave(bytes32 signer, uint16 productId);
    /// @notice The quoting enclave runs with other attributes.
    error WrongQuotingEnclaveAttributes(bytes16 attributes, bytes4 miscSelect);
    /// @notice The quoting enclave reaches no level of its list.
    error NoQeLevel(uint16 svn);
    /// @notice The quoting enclave has this state and is open to so many known attacks.
    error QeNotUpToDate(TcbStatus status, uint8 advisories);

    /// @notice Stores the list for one kind of machine. Anybody may call it.
    /// @param json Exactly the bytes that Intel signed: the value of `tcbInfo`.
    /// @param signature r and s, 64 bytes.
    /// @param chain The root and the signer's certificate; DER.
    function submitTcbInfo(bytes calldata json, bytes calldata signature, bytes[] calldata chain) external;

    /// @notice Stores the quoting enclave's identity. Anybody may call it.
    /// @param json Exactly the bytes that Intel signed: the value of `enclaveIdentity`.
    /// @param signature r and s, 64 bytes.
    /// @param chain The root and the signer's certificate; DER.
    function submitQeIdentity(bytes calldata json, bytes calldata signature, bytes[] calldata chain) external;

    /// @notice Judges the machine that a quote comes from. Reverts when it is not to be accepted at the block's time. It
    /// verifies no signature of the quote: the caller must require that the key that is returned signed `qeReport`, and
    /// that this report vouches for who signed `body`.
    /// @param body The quote's body, 584 bytes.
    /// @param qeReport The quoting enclave's report, 384 bytes.
    /// @param chain The root, the authority and the machine's certificate; DER.
    /// @return x Of the machine's public key.
    /// @return y Of the machine's public key.
    /// @return notAfter Unix seconds until which, inclusive, every certificate and list that was used holds.
    function judge(bytes calldata body, bytes calldata qeReport, bytes[] calldata chain)
        external
        view
        returns (bytes32 x, bytes32 y, uint256 notAfter);

    /// @notice When the list for one kind of machine holds.
    /// @param fmspc Intel's number of the kind.
    /// @param pceId Intel's number of the provisioning enclave.
    /// @return issuedAt Unix seconds; zero when there is none.
    /// @return validUntil Unix seconds, inclusive.
    /// @return evaluationNumber Intel's number of the round.
    function tcbInfo(bytes6 fmspc, bytes2 pceId)
        external
        view
        returns (uint40 issuedAt, uint40 validUntil, uint16 evaluationNumber);

    /// @notice When the quoting enclave's identity holds.
    /// @return issuedAt Unix seconds; zero when there is none.
    /// @return validUntil Unix seconds, inclusive.
    /// @return evaluationNumber Intel's number of the round.
    function qeIdentity() external view returns (uint40 issuedAt, uint40 validUntil, uint16 evaluationNumber);

    /// @notice Judges certificates.
    /// @return certificates The contract.
    function CERTIFICATES() external view returns (IIntelCertificates certificates);
}
