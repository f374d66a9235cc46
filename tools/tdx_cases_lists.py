"""Cases about the lists that Intel signs, their form, and what they say about machines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nitro_encoding import constraints, integer, time, usage
from tdx_case import Call, Case, Start, submit_qe, submit_signed, submit_tcb, verify
from tdx_pki import CA, DAY_S, LEAF, NOW_S, ROOT, SIGNER, Machine, octets
from tdx_quote import (
    MODULE,
    QE_IDENTITY,
    SGX_LEVEL,
    TCB_INFO,
    TDX_LEVEL,
    TDX_SVN,
    Quote,
    Signed,
    iso,
    level,
    platform_level,
)

NEWER = {"issueDate": iso(NOW_S)}
WRONG_TEXT = "WrongText(bytes32,bytes32)"
TCB_TEXT, QE_TEXT = Signed(TCB_INFO).json().decode(), Signed(QE_IDENTITY).json().decode()
STATUSES = (
    "SWHardeningNeeded",
    "ConfigurationNeeded",
    "ConfigurationAndSWHardeningNeeded",
    "OutOfDate",
    "OutOfDateConfigurationNeeded",
    "Revoked",
)


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _signers()
    yield from _order()
    yield from _tcb_form()
    yield from _qe_form()
    yield from _machines()
    yield from _modules()
    yield from _quoting_enclaves()


def machine_quote(**changes: object) -> Quote:
    """A quote of a machine whose certificate says something else."""
    extensions = (usage("06c0"), constraints(), Machine(**changes).extension())  # type: ignore[arg-type]
    return Quote(chain=(ROOT, CA, replace(LEAF, extensions=extensions)))


def _refuse(name: str, error: str, *calls: Call, values: tuple[object, ...] | None = None) -> Case:
    return Case(name, calls, error, values)


def _form(name: str, error: str, call: Call) -> Case:
    return Case(name, (call,), error, None, Start.REVOCATIONS)


def _signers() -> Iterator[Case]:
    for subject, submit in (("machines", submit_tcb), ("the enclave", submit_qe)):
        yield _form(f"a list of {subject} that somebody signed", "ListSignatureInvalid()", submit(label="somebody"))
        yield _form(
            f"a list of {subject} that a machine signed",
            "WrongChainLength(uint256,uint256)",
            submit(chain=(ROOT, CA, LEAF)),
        )
        other = replace(SIGNER, label="Intel SGX QVE Signing")
        yield _form(
            f"a list of {subject} by a signer of something else",
            "WrongSigner(bytes32,bytes32)",
            submit(chain=(ROOT, other)),
        )
        yield _form(f"a list of {subject} by an authority", "WrongRole(bytes32)", submit(chain=(ROOT, CA)))
    nameless = replace(SIGNER, subject=bytes.fromhex("3000"))
    yield _form("a signer without a name", "WrongSigner(bytes32,bytes32)", submit_tcb(chain=(ROOT, nameless), label=SIGNER.label))
    signed = Signed(TCB_INFO)
    short = submit_signed("submitTcbInfo", signed, signed.signature()[:63])
    yield _form("a short signature", "WrongListSignatureLength(uint256,uint256)", short)


def _order() -> Iterator[Case]:
    for name, submit in (("machines", submit_tcb), ("the enclave", submit_qe)):
        newer = "NotNewer(uint256,uint256,uint256,uint256)"
        issued = NOW_S - DAY_S
        yield _refuse(f"the same list of {name} again", newer, submit(), values=(17, issued, 17, issued))
        yield _refuse(f"a list of {name} of an older round", newer, submit({"tcbEvaluationDataNumber": 16, **NEWER}))
        earlier = {"issueDate": iso(NOW_S - DAY_S - 1)}
        yield _refuse(f"an older list of {name}", newer, submit(earlier))
        yield Case(f"an older list of {name} of a newer round", (submit({"tcbEvaluationDataNumber": 18, **earlier}), verify(Quote())))
        yield Case(f"a newer list of {name}", (submit(NEWER), verify(Quote())))
        future = submit({"issueDate": iso(NOW_S + 1)})
        yield _refuse(f"a list of {name} of tomorrow", "NotYetIssued(uint256,uint256)", future, values=(NOW_S + 1, NOW_S))
        past = submit({**NEWER, "nextUpdate": iso(NOW_S - 1)})
        yield _refuse(f"a list of {name} of yesterday", "ListNotCurrent(uint256,uint256)", past, values=(NOW_S - 1, NOW_S))
    yield Case("no list of the enclave", (submit_tcb(), verify(Quote())), "ListNotCurrent(uint256,uint256)", (0, NOW_S), Start.REVOCATIONS)
    yield Case("no list of machines", (submit_qe(), verify(Quote())), "UnknownMachine(bytes6,bytes2)", None, Start.REVOCATIONS)
    until = NOW_S + 28 * DAY_S
    yield Case("a list of the enclave that is too old", (verify(Quote()),), "ListNotCurrent(uint256,uint256)", (until, until + 1), at_s=until + 1)
    short = submit_tcb({**NEWER, "nextUpdate": iso(NOW_S)})
    yield Case("a list of machines in its last second", (short, verify(Quote())))
    ending = replace(SIGNER, not_after=time(NOW_S + 50))
    yield Case("a list that ends with its signer's certificate", (submit_tcb(NEWER, chain=(ROOT, ending)), verify(Quote())))


def _text(old: str, new: str) -> Call:
    assert TCB_TEXT.count(old) >= 1, old
    return submit_tcb(text=TCB_TEXT.replace(old, new, 1))


def _tcb_form() -> Iterator[Case]:
    for name, old, new in (
        ("a list for SGX", '"id":"TDX"', '"id":"SGX"'),
        ("another version of the list", '"version":3', '"version":2'),
        ("another type of list", '"tcbType":0', '"tcbType":1'),
        ("a space", '"version":3,', '"version":3, '),
        ("a key left out", '"tcbType":0,', ""),
        ("a module without a version", '"TDX_03"', '"XYZ_03"'),
        ("fifteen parts", '{"svn":0},{"svn":0}]', '{"svn":0}]'),
        ("seventeen parts", '{"svn":0}]', '{"svn":0},{"svn":0}]'),
        ("no advisory where one is announced", '"advisoryIDs":["INTEL-SA-01036"]', '"advisoryIDs":[]'),
        ("no modules", '"tdxModuleIdentities":[{', '"tdxModuleIdentities":[],"x":[{'),
    ):
        yield _form(name, WRONG_TEXT, _text(old, new))
    yield _form("a list that is cut", WRONG_TEXT, submit_tcb(text=TCB_TEXT[:-1]))
    yield _form("text after the list", "TextAfterEnd(uint256)", submit_tcb(text=f"{TCB_TEXT} "))
    for name, old, new in (
        ("a leading zero", '"pcesvn":11', '"pcesvn":011'),
        ("no digits", '"pcesvn":11', '"pcesvn":'),
        ("a negative number", '"pcesvn":11', '"pcesvn":-1'),
        ("a number that is too great", '"pcesvn":11', '"pcesvn":65536'),
        ("a version above a byte", '{"svn":5', '{"svn":256'),
        ("thirty-three digits", '"pcesvn":11', f'"pcesvn":{"9" * 33}'),
    ):
        yield _form(name, "BadNumber(bytes32,uint256)", _text(old, new))
    yield _form("lower-case digits", "BadHexDigit(bytes1)", _text("50806F", "50806f"))
    yield _form("too few digits", "BadHexDigit(bytes1)", _text("50806F000000", "50806F0000"))
    yield _form("too many digits", WRONG_TEXT, _text("50806F000000", "50806F00000000"))
    for name, new in (("an escape", '"BI\\\\S"'), ("a control character", '"BI\tS"'), ("a character beyond ASCII", '"BI\x7f"')):
        yield _form(name, "BadString(bytes32)", _text('"BIOS"', new))
    cut = TCB_TEXT[: TCB_TEXT.index("BIOS")]
    yield _form("a string without an end", "BadString(bytes32)", submit_tcb(text=cut))
    date = TCB_INFO["issueDate"]
    for name, new in (
        ("month 13", f"{date[:5]}13{date[7:]}"),
        ("month 0", f"{date[:5]}00{date[7:]}"),
        ("day 32", f"{date[:8]}32{date[10:]}"),
        ("hour 24", f"{date[:11]}24{date[13:]}"),
        ("a time without zone", date[:-1] + "+"),
        ("a letter in a time", f"{date[:2]}x{date[3:]}"),
        ("a time before 1970", f"1969{date[4:]}"),
        ("a time with spaces", date.replace("T", " ")),
    ):
        yield _form(name, "BadIsoTime(bytes32)", _text(date, new))
    yield _form("an unknown status", "UnknownStatus(bytes)", _text('"UpToDate"', '"Fine"'))
    yield _form("a module twice", "ModuleRepeated(uint8)", _text("TDX_01", "TDX_03"))
    yield _form("a module of version 0", "ModuleRepeated(uint8)", _text("TDX_01", "TDX_00"))


def _qe_form() -> Iterator[Case]:
    for name, old, new in (
        ("an enclave for SGX", '"id":"TD_QE"', '"id":"QE"'),
        ("another version of the enclave's list", '"version":2', '"version":3'),
        ("an enclave without its signer", '"mrsigner"', '"mrenclave"'),
        ("an enclave without levels", '"tcbLevels":[{', '"tcbLevels":[],"x":[{'),
    ):
        yield _form(name, WRONG_TEXT, submit_qe(text=QE_TEXT.replace(old, new, 1)))
    yield _form("text after the enclave's list", "TextAfterEnd(uint256)", submit_qe(text=f"{QE_TEXT}}}"))
    yield _form("a product that is too great", "BadNumber(bytes32,uint256)", submit_qe({"isvprodid": 65_536}))


def _with_levels(*levels: dict[str, object]) -> Call:
    return submit_tcb({**NEWER, "tcbLevels": list(levels)})


def _machines() -> Iterator[Case]:
    error, none = "MachineNotUpToDate(uint8,uint8)", "NoMachineLevel(bytes16,uint16,bytes16)"
    for index, status in enumerate(STATUSES):
        call = _with_levels(platform_level(SGX_LEVEL, 11, TDX_LEVEL, status))
        yield _refuse(f"a machine that is {status}", error, call, verify(Quote()), values=(index + 2, 0))
    named = _with_levels(platform_level(SGX_LEVEL, 11, TDX_LEVEL, "UpToDate", "INTEL-SA-1", "INTEL-SA-2"))
    yield _refuse("a machine with advisories", error, named, verify(Quote()), values=(1, 2))
    low = verify(machine_quote(pce_svn=integer(10)))
    yield _refuse("a machine with an older enclave for certificates", error, low, values=(5, 2))
    yield _refuse("a machine that reaches no level", none, verify(machine_quote(pce_svn=integer(4))))
    parts = Machine().components
    lower = (*parts[:4], parts[4] - 1, *parts[5:])
    yield _refuse("an older part", none, verify(machine_quote(components=lower)))
    yield _refuse("an older processor version", none, verify(machine_quote(cpu_svn=octets(bytes(lower)))))
    higher = tuple(part + 1 for part in parts)
    yield Case("newer parts than needed", (verify(machine_quote(components=higher, cpu_svn=octets(bytes(higher)))),))
    yield _refuse("one newer and one older part", none, verify(machine_quote(components=(3, 1, *parts[2:]))))
    svn = lambda *values: bytes((*values, *TDX_SVN[len(values) :]))  # noqa: E731
    yield _refuse("older microcode for TDX", none, verify(Quote(tcb_svn=svn(5, 3, 1))))
    yield Case("a quote that names no module", (verify(Quote(tcb_svn=svn(5, 0))),))
    yield _refuse("an old module without a name", none, verify(Quote(tcb_svn=svn(4, 0))))
    unknown = Machine(fmspc=octets(bytes.fromhex("50806f000001")))
    other = replace(LEAF, extensions=(usage("06c0"), constraints(), unknown.extension()))
    fmspc, pce = bytes.fromhex("50806f000001"), bytes(2)
    yield _refuse("another kind of machine", "UnknownMachine(bytes6,bytes2)", verify(Quote(chain=(ROOT, CA, other))), values=(fmspc, pce))
    yield _refuse("another enclave for certificates", "UnknownMachine(bytes6,bytes2)", verify(machine_quote(pce_id=octets(b"\0\1"))))
    first = _with_levels(
        platform_level(SGX_LEVEL, 11, TDX_LEVEL, "OutOfDate"), platform_level(SGX_LEVEL, 5, TDX_LEVEL)
    )
    yield _refuse("the first level counts", error, first, verify(Quote()), values=(5, 0))
    more = tuple(svn + 1 for svn in SGX_LEVEL)
    above = (platform_level(more, 30 - number, TDX_LEVEL) for number in range(9))
    many = _with_levels(*above, platform_level(SGX_LEVEL, 11, TDX_LEVEL))
    yield Case("the tenth level", (many, verify(Quote())))
    good, higher = platform_level(SGX_LEVEL, 11, TDX_LEVEL), (TDX_LEVEL[0] + 1, *TDX_LEVEL[1:])
    for name, after in (
        ("with newer parts", platform_level((*SGX_LEVEL[:15], 1), 5, TDX_LEVEL)),
        ("with a newer enclave for certificates", platform_level(SGX_LEVEL, 12, (0,) * 16)),
        ("with newer parts of TDX", platform_level(SGX_LEVEL, 11, higher)),
        ("that is the same", good),
    ):
        descending = "LevelsNotDescending(uint256)"
        yield _refuse(f"a second level {name}", descending, _with_levels(good, after), values=(1,))
    lower = (TDX_LEVEL[0] - 1, *TDX_LEVEL[1:])
    yield Case("a second level with older parts of TDX", (_with_levels(good, platform_level(SGX_LEVEL, 11, lower)), verify(Quote())))
    older_parts = (SGX_LEVEL[0] - 1, 9, *SGX_LEVEL[2:])
    yield Case("a second level with one older part", (_with_levels(good, platform_level(older_parts, 12, higher)), verify(Quote())))
    shorter = (_with_levels(platform_level((3,) * 16, 99, TDX_LEVEL)), verify(Quote()))
    yield _refuse("levels of an older list are gone", none, *shorter)


def _with_modules(*modules: dict[str, object]) -> Call:
    return submit_tcb({**NEWER, "tdxModuleIdentities": list(modules)})


def _modules() -> Iterator[Case]:
    error, wrong = "ModuleNotUpToDate(uint8,uint8)", "WrongTdxModule(bytes32,bytes8)"
    svn = lambda *values: bytes((*values, *TDX_SVN[2:]))  # noqa: E731
    yield Case("another module", (verify(Quote(tcb_svn=svn(4, 1))),))
    yield Case("a newer module", (verify(Quote(tcb_svn=svn(9, 3))),))
    yield _refuse("an older module", error, verify(Quote(tcb_svn=svn(3, 1))), values=(5, 1))
    yield _refuse("a module that reaches no level", "NoModuleLevel(uint16)", verify(Quote(tcb_svn=svn(1, 1))), values=(1,))
    yield _refuse("an unknown module", "UnknownTdxModule(uint8)", verify(Quote(tcb_svn=svn(5, 2))), values=(2,))
    yield _refuse("another signer of the module", wrong, verify(Quote(module_signer=b"\1" * 48)))
    yield _refuse("other attributes of the module", wrong, verify(Quote(module_attributes=b"\1" + bytes(7))))
    named = _with_modules({"id": "TDX_03", **MODULE, "tcbLevels": [level({"isvsvn": 3}, "UpToDate", ("INTEL-SA-1",))]})
    yield _refuse("a module with an advisory", error, named, verify(Quote()), values=(1, 1))
    high = {"id": "TDX_1F", **MODULE, "tcbLevels": [level({"isvsvn": 3})]}
    yield Case("a module with a two-digit version", (_with_modules(high), verify(Quote(tcb_svn=svn(5, 0x1F)))))
    yield _refuse("modules of an older list are gone", "UnknownTdxModule(uint8)", _with_modules(high), verify(Quote()), values=(3,))
    twice = [level({"isvsvn": 3}), level({"isvsvn": 3})]
    equal = _with_modules({"id": "TDX_03", **MODULE, "tcbLevels": twice})
    yield _refuse("a module's second level that is the same", "LevelsNotDescending(uint256)", equal, values=(1,))
    masked = {**MODULE, "attributesMask": "00" * 8}
    lenient = _with_modules({"id": "TDX_03", **masked, "tcbLevels": [level({"isvsvn": 3})]})
    yield _refuse("an attribute of the module beyond the mask", wrong, lenient, verify(Quote(module_attributes=b"\1" + bytes(7))))


def _quoting_enclaves() -> Iterator[Case]:
    error, attributes = "QeNotUpToDate(uint8,uint8)", "WrongQuotingEnclaveAttributes(bytes16,bytes4)"
    other = "WrongQuotingEnclave(bytes32,uint16)"
    yield Case("a newer quoting enclave", (verify(Quote(qe_svn=5)),))
    yield _refuse("an older quoting enclave", error, verify(Quote(qe_svn=3)), values=(5, 1))
    yield _refuse("a quoting enclave that reaches no level", "NoQeLevel(uint16)", verify(Quote(qe_svn=2)), values=(2,))
    yield _refuse("another signer of the quoting enclave", other, verify(Quote(qe_signer=b"\1" * 32)), values=(b"\1" * 32, 2))
    yield _refuse("another product", other, verify(Quote(qe_product=0x0200)))
    debug = bytes.fromhex("1700000000000000e700000000000000")
    yield _refuse("a quoting enclave in debug mode", "QuotingEnclaveDebug(bytes16)", verify(Quote(qe_attributes=debug)), values=(debug,))
    blind = submit_qe({**NEWER, "attributesMask": "00" * 16})
    yield _refuse("a debug mode that the list allows", "QuotingEnclaveDebug(bytes16)", blind, verify(Quote(qe_attributes=debug)))
    yield _refuse("a quoting enclave with other attributes", attributes, verify(Quote(qe_attributes=bytes.fromhex("1100000000000001e700000000000000"))))
    yield _refuse("a quoting enclave with other miscellany", attributes, verify(Quote(qe_misc=b"\1\0\0\0")))
    misc = submit_qe({**NEWER, "miscselect": "01000000", "miscselectMask": "FF000000"})
    yield Case("miscellany outside of the mask", (misc, verify(Quote(qe_misc=b"\1\2\3\4"))))
    yield _refuse("miscellany in another order", attributes, misc, verify(Quote(qe_misc=b"\0\0\0\1")))
    named = submit_qe({**NEWER, "tcbLevels": [level({"isvsvn": 4}, "UpToDate", ("INTEL-SA-1",))]})
    yield _refuse("a quoting enclave with an advisory", error, named, verify(Quote()), values=(1, 1))
    rising = submit_qe({**NEWER, "tcbLevels": [level({"isvsvn": 3}), level({"isvsvn": 4})]})
    yield _refuse("an enclave's levels that rise", "LevelsNotDescending(uint256)", rising, values=(1,))
    shorter = submit_qe({**NEWER, "tcbLevels": [level({"isvsvn": 5})]})
    yield _refuse("levels of an older enclave's list are gone", "NoQeLevel(uint16)", shorter, verify(Quote()), values=(4,))
