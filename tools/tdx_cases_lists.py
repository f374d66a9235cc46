"""Cases about the lists that Intel signs: who signed them, which one counts, and their form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nitro_encoding import time
from tdx_case import Call, Case, Start, submit_qe, submit_signed, submit_tcb, verify
from tdx_lists import QE_IDENTITY, TCB_INFO, Signed, iso
from tdx_pki import CA, DAY_S, LEAF, NOW_S, ROOT, SIGNER
from tdx_quote import Quote

NEWER = {"issueDate": iso(NOW_S)}
WRONG_TEXT = "WrongText(bytes32,bytes32)"
TCB_TEXT, QE_TEXT = Signed(TCB_INFO).json().decode(), Signed(QE_IDENTITY).json().decode()


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _signers()
    yield from _order()
    yield from _tcb_form()
    yield from _qe_form()


def _refuse(name: str, error: str, *calls: Call, values: tuple[object, ...] | None = None) -> Case:
    return Case(name, calls, error, values)


def _form(name: str, error: str, call: Call) -> Case:
    return Case(name, (call,), error, None, Start.REVOCATIONS)


def _signers() -> Iterator[Case]:
    for subject, submit in (("machines", submit_tcb), ("the enclave", submit_qe)):
        yield _form(
            f"a list of {subject} that somebody signed", "ListSignatureInvalid()", submit(label="somebody")
        )
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
    yield _form(
        "a signer without a name",
        "WrongSigner(bytes32,bytes32)",
        submit_tcb(chain=(ROOT, nameless), label=SIGNER.label),
    )
    signed = Signed(TCB_INFO)
    short = submit_signed("submitTcbInfo", signed, signed.signature()[:63])
    yield _form("a short signature", "WrongListSignatureLength(uint256,uint256)", short)


def _order() -> Iterator[Case]:
    for name, submit in (("machines", submit_tcb), ("the enclave", submit_qe)):
        newer = "NotNewer(uint256,uint256,uint256,uint256)"
        issued = NOW_S - DAY_S
        yield _refuse(f"the same list of {name} again", newer, submit(), values=(17, issued, 17, issued))
        yield _refuse(
            f"a list of {name} of an older round", newer, submit({"tcbEvaluationDataNumber": 16, **NEWER})
        )
        earlier = {"issueDate": iso(NOW_S - DAY_S - 1)}
        yield _refuse(f"an older list of {name}", newer, submit(earlier))
        yield Case(
            f"an older list of {name} of a newer round",
            (submit({"tcbEvaluationDataNumber": 18, **earlier}), verify(Quote())),
        )
        yield Case(f"a newer list of {name}", (submit(NEWER), verify(Quote())))
        future = submit({"issueDate": iso(NOW_S + 1)})
        yield _refuse(
            f"a list of {name} of tomorrow",
            "NotYetIssued(uint256,uint256)",
            future,
            values=(NOW_S + 1, NOW_S),
        )
        past = submit({**NEWER, "nextUpdate": iso(NOW_S - 1)})
        yield _refuse(
            f"a list of {name} of yesterday",
            "ListNotCurrent(uint256,uint256)",
            past,
            values=(NOW_S - 1, NOW_S),
        )
    yield Case(
        "no list of the enclave",
        (submit_tcb(), verify(Quote())),
        "ListNotCurrent(uint256,uint256)",
        (0, NOW_S),
        Start.REVOCATIONS,
    )
    yield Case(
        "no list of machines",
        (submit_qe(), verify(Quote())),
        "UnknownMachine(bytes6,bytes2)",
        None,
        Start.REVOCATIONS,
    )
    until = NOW_S + 28 * DAY_S
    yield Case(
        "a list of the enclave that is too old",
        (verify(Quote()),),
        "ListNotCurrent(uint256,uint256)",
        (until, until + 1),
        at_s=until + 1,
    )
    short = submit_tcb({**NEWER, "nextUpdate": iso(NOW_S)})
    yield Case("a list of machines in its last second", (short, verify(Quote())), until_s=NOW_S)
    ending = replace(SIGNER, not_after=time(NOW_S + 50))
    renewed = submit_tcb(NEWER, chain=(ROOT, ending))
    name = "a list that ends with its signer's certificate"
    yield Case(name, (renewed, verify(Quote())), until_s=NOW_S + 50)


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
    for name, new in (
        ("an escape", '"BI\\\\S"'),
        ("a control character", '"BI\tS"'),
        ("a character beyond ASCII", '"BI\x7f"'),
    ):
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
