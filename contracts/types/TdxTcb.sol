// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Intel's words for the state of a machine, of a TDX module or of a quoting enclave.
enum TcbStatus {
    NONE,
    UP_TO_DATE,
    SW_HARDENING_NEEDED,
    CONFIGURATION_NEEDED,
    CONFIGURATION_AND_SW_HARDENING_NEEDED,
    OUT_OF_DATE,
    OUT_OF_DATE_CONFIGURATION_NEEDED,
    REVOKED
}

/// @notice When one of Intel's lists holds, and who signed it: one storage slot.
struct ListHeader {
    /// @dev Unix seconds; zero when there is no list.
    uint40 issuedAt;
    /// @dev Unix seconds, inclusive: the list's next update, or the end of its signer's certificate if that is earlier.
    uint40 validUntil;
    /// @dev Intel raises it with every round of known attacks.
    uint16 evaluationNumber;
    /// @dev Serial number of the signer's certificate.
    uint160 signerSerialNumber;
}

/// @notice When a revocation list holds, in Unix seconds. Zero when there is no list.
struct CrlTimes {
    /// @dev Inclusive.
    uint40 thisUpdate;
    /// @dev Exclusive.
    uint40 nextUpdate;
}

/// @notice Least versions of a machine's parts, and what Intel says of machines that have them: two storage slots.
struct MachineLevel {
    /// @dev One byte for each part.
    bytes16 sgxSvns;
    bytes16 tdxSvns;
    uint16 pceSvn;
    TcbStatus status;
    /// @dev How many known attacks Intel names.
    uint8 advisories;
}

/// @notice The same for something with one version: a TDX module or a quoting enclave.
struct SvnLevel {
    uint16 svn;
    TcbStatus status;
    uint8 advisories;
}

/// @notice A TDX module that Intel knows.
struct TdxModule {
    /// @dev keccak256 of the 48 bytes of its signer.
    bytes32 signer;
    bytes8 attributes;
    /// @dev Zero: the module of machines whose quotes name no version.
    uint8 version;
    SvnLevel[] levels;
}

/// @notice Intel's list for one kind of machine.
struct TcbInfo {
    ListHeader header;
    TdxModule[] modules;
    /// @dev In Intel's order: the first one that a machine reaches counts.
    MachineLevel[] levels;
}

/// @notice Intel's quoting enclave for TDX.
struct QeIdentity {
    ListHeader header;
    bytes32 signer;
    bytes16 attributes;
    bytes16 attributesMask;
    bytes4 miscSelect;
    bytes4 miscSelectMask;
    uint16 productId;
    SvnLevel[] levels;
}

/// @notice What the certificate of a machine says about it.
struct Machine {
    bytes6 fmspc;
    bytes2 pceId;
    uint16 pceSvn;
    /// @dev Versions of its parts, and the same as the processor packs them; they need not be equal.
    bytes16 components;
    bytes16 cpuSvn;
}
