"""Cases about what Intel's lists say of machines, TDX modules and quoting enclaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from nitro_encoding import constraints, integer, usage
from tdx_case import Call, Case, submit_qe, submit_tcb, verify
from tdx_lists import MODULE, SGX_LEVEL, TDX_LEVEL, iso, level, platform_level
from tdx_pki import CA, LEAF, NOW_S, ROOT, Machine, octets
from tdx_quote import TDX_SVN, Quote

NEWER = {"issueDate": iso(NOW_S)}
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
    yield from _machines()
    yield from _modules()
    yield from _quoting_enclaves()


def machine_quote(**changes: object) -> Quote:
    """A quote of a machine whose certificate says something else."""
    extensions = (usage("06c0"), constraints(), Machine(**changes).extension())  # type: ignore[arg-type]
    return Quote(chain=(ROOT, CA, replace(LEAF, extensions=extensions)))


def _refuse(name: str, error: str, *calls: Call, values: tuple[object, ...] | None = None) -> Case:
    return Case(name, calls, error, values)


def _with_levels(*levels: Mapping[str, object]) -> Call:
    return submit_tcb({**NEWER, "tcbLevels": list(levels)})


def _svns(*values: int) -> bytes:
    """Versions of the TDX module's parts, the first ones given."""
    return bytes((*values, *TDX_SVN[len(values) :]))


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
    yield Case(
        "newer parts than needed", (verify(machine_quote(components=higher, cpu_svn=octets(bytes(higher)))),)
    )
    yield _refuse("one newer and one older part", none, verify(machine_quote(components=(3, 1, *parts[2:]))))
    yield _refuse("older microcode for TDX", none, verify(Quote(tcb_svn=_svns(5, 3, 1))))
    yield Case("a quote that names no module", (verify(Quote(tcb_svn=_svns(5, 0))),))
    yield _refuse("an old module without a name", none, verify(Quote(tcb_svn=_svns(4, 0))))
    unknown = Machine(fmspc=octets(bytes.fromhex("50806f000001")))
    other = replace(LEAF, extensions=(usage("06c0"), constraints(), unknown.extension()))
    fmspc, pce = bytes.fromhex("50806f000001"), bytes(2)
    yield _refuse(
        "another kind of machine",
        "UnknownMachine(bytes6,bytes2)",
        verify(Quote(chain=(ROOT, CA, other))),
        values=(fmspc, pce),
    )
    yield _refuse(
        "another enclave for certificates",
        "UnknownMachine(bytes6,bytes2)",
        verify(machine_quote(pce_id=octets(b"\0\1"))),
    )
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
    yield Case(
        "a second level with older parts of TDX",
        (_with_levels(good, platform_level(SGX_LEVEL, 11, lower)), verify(Quote())),
    )
    older_parts = (SGX_LEVEL[0] - 1, 9, *SGX_LEVEL[2:])
    yield Case(
        "a second level with one older part",
        (_with_levels(good, platform_level(older_parts, 12, higher)), verify(Quote())),
    )
    shorter = (_with_levels(platform_level((3,) * 16, 99, TDX_LEVEL)), verify(Quote()))
    yield _refuse("levels of an older list are gone", none, *shorter)


def _with_modules(*modules: Mapping[str, object]) -> Call:
    return submit_tcb({**NEWER, "tdxModuleIdentities": list(modules)})


def _modules() -> Iterator[Case]:
    error, wrong = "ModuleNotUpToDate(uint8,uint8)", "WrongTdxModule(bytes32,bytes8)"
    yield Case("another module", (verify(Quote(tcb_svn=_svns(4, 1))),))
    yield Case("a newer module", (verify(Quote(tcb_svn=_svns(9, 3))),))
    yield _refuse("an older module", error, verify(Quote(tcb_svn=_svns(3, 1))), values=(5, 1))
    yield _refuse(
        "a module that reaches no level",
        "NoModuleLevel(uint16)",
        verify(Quote(tcb_svn=_svns(1, 1))),
        values=(1,),
    )
    yield _refuse(
        "an unknown module", "UnknownTdxModule(uint8)", verify(Quote(tcb_svn=_svns(5, 2))), values=(2,)
    )
    yield _refuse("another signer of the module", wrong, verify(Quote(module_signer=b"\1" * 48)))
    yield _refuse("other attributes of the module", wrong, verify(Quote(module_attributes=b"\1" + bytes(7))))
    named = _with_modules(
        {"id": "TDX_03", **MODULE, "tcbLevels": [level({"isvsvn": 3}, "UpToDate", ("INTEL-SA-1",))]}
    )
    yield _refuse("a module with an advisory", error, named, verify(Quote()), values=(1, 1))
    high = {"id": "TDX_1F", **MODULE, "tcbLevels": [level({"isvsvn": 3})]}
    yield Case(
        "a module with a two-digit version", (_with_modules(high), verify(Quote(tcb_svn=_svns(5, 0x1F))))
    )
    yield _refuse(
        "modules of an older list are gone",
        "UnknownTdxModule(uint8)",
        _with_modules(high),
        verify(Quote()),
        values=(3,),
    )
    twice = [level({"isvsvn": 3}), level({"isvsvn": 3})]
    equal = _with_modules({"id": "TDX_03", **MODULE, "tcbLevels": twice})
    yield _refuse(
        "a module's second level that is the same", "LevelsNotDescending(uint256)", equal, values=(1,)
    )
    masked = {**MODULE, "attributesMask": "00" * 8}
    lenient = _with_modules({"id": "TDX_03", **masked, "tcbLevels": [level({"isvsvn": 3})]})
    yield _refuse(
        "an attribute of the module beyond the mask",
        wrong,
        lenient,
        verify(Quote(module_attributes=b"\1" + bytes(7))),
    )


def _quoting_enclaves() -> Iterator[Case]:
    error, attributes = "QeNotUpToDate(uint8,uint8)", "WrongQuotingEnclaveAttributes(bytes16,bytes4)"
    other = "WrongQuotingEnclave(bytes32,uint16)"
    yield Case("a newer quoting enclave", (verify(Quote(qe_svn=5)),))
    yield _refuse("an older quoting enclave", error, verify(Quote(qe_svn=3)), values=(5, 1))
    yield _refuse(
        "a quoting enclave that reaches no level", "NoQeLevel(uint16)", verify(Quote(qe_svn=2)), values=(2,)
    )
    yield _refuse(
        "another signer of the quoting enclave",
        other,
        verify(Quote(qe_signer=b"\1" * 32)),
        values=(b"\1" * 32, 2),
    )
    yield _refuse("another product", other, verify(Quote(qe_product=0x0200)))
    debug = bytes.fromhex("1700000000000000e700000000000000")
    yield _refuse(
        "a quoting enclave in debug mode",
        "QuotingEnclaveDebug(bytes16)",
        verify(Quote(qe_attributes=debug)),
        values=(debug,),
    )
    blind = submit_qe({**NEWER, "attributesMask": "00" * 16})
    yield _refuse(
        "a debug mode that the list allows",
        "QuotingEnclaveDebug(bytes16)",
        blind,
        verify(Quote(qe_attributes=debug)),
    )
    yield _refuse(
        "a quoting enclave with other attributes",
        attributes,
        verify(Quote(qe_attributes=bytes.fromhex("1100000000000001e700000000000000"))),
    )
    yield _refuse("a quoting enclave with other miscellany", attributes, verify(Quote(qe_misc=b"\1\0\0\0")))
    misc = submit_qe({**NEWER, "miscselect": "01000000", "miscselectMask": "FF000000"})
    yield Case("miscellany outside of the mask", (misc, verify(Quote(qe_misc=b"\1\2\3\4"))))
    yield _refuse("miscellany in another order", attributes, misc, verify(Quote(qe_misc=b"\0\0\0\1")))
    named = submit_qe({**NEWER, "tcbLevels": [level({"isvsvn": 4}, "UpToDate", ("INTEL-SA-1",))]})
    yield _refuse("a quoting enclave with an advisory", error, named, verify(Quote()), values=(1, 1))
    rising = submit_qe({**NEWER, "tcbLevels": [level({"isvsvn": 3}), level({"isvsvn": 4})]})
    yield _refuse("an enclave's levels that rise", "LevelsNotDescending(uint256)", rising, values=(1,))
    shorter = submit_qe({**NEWER, "tcbLevels": [level({"isvsvn": 5})]})
    yield _refuse(
        "levels of an older enclave's list are gone",
        "NoQeLevel(uint16)",
        shorter,
        verify(Quote()),
        values=(4,),
    )
