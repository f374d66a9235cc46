from __future__ import annotations

import errno
import json
from pathlib import Path

import pytest
from attestation_devices import Configfs, NitroSecureModule, dstack_agent
from attestation_vectors import NOW_S, PCRS, ROOT

from veritally.attestation import nitro
from veritally.attestation.drivers.configfs_tsm import ConfigfsTsmDriver
from veritally.attestation.drivers.driver import AttestationDriver
from veritally.attestation.drivers.dstack import DstackDriver
from veritally.attestation.drivers.nsm import NsmDriver
from veritally.attestation.drivers.software import SoftwareRootDriver
from veritally.attestation.errors import DeviceMissingError, DeviceRefusedError, RequestRefusedError

DATA = bytes(range(64))


def nsm(tmp_path: Path, module: NitroSecureModule) -> NsmDriver:
    device = tmp_path / "nsm"
    device.touch()
    return NsmDriver(device, module.ioctl)


def test_nsm_sends_one_request_and_gives_the_document(tmp_path: Path) -> None:
    module = NitroSecureModule({"Attestation": {"document": b"document" * 600}})

    assert nsm(tmp_path, module).attest(DATA, b"", b"key") == b"document" * 600

    assert module.requests == [{"Attestation": {"user_data": DATA, "nonce": None, "public_key": b"key"}}]


@pytest.mark.parametrize(
    ("module", "problem"),
    [
        (NitroSecureModule({"Error": "InputTooLarge"}), "InputTooLarge"),
        (NitroSecureModule({}), "it said nothing"),
        (NitroSecureModule(b"\x00"), "CborWrongType"),
        (NitroSecureModule(b""), "CborTruncated"),
        (NitroSecureModule(failure=OSError(errno.EMSGSIZE, "Message too long")), "Message too long"),
    ],
)
def test_nsm_says_why_there_is_no_document(tmp_path: Path, module: NitroSecureModule, problem: str) -> None:
    with pytest.raises(DeviceRefusedError, match=problem):
        nsm(tmp_path, module).attest(DATA, b"", b"")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ((bytes(513), b"", b""), "user_data"),
        ((b"", bytes(513), b""), "nonce"),
        ((b"", b"", bytes(1_025)), "public_key"),
    ],
)
def test_nsm_has_room_for_so_much(tmp_path: Path, values: tuple[bytes, bytes, bytes], field: str) -> None:
    driver = nsm(tmp_path, NitroSecureModule({"Attestation": {"document": b"document"}}))
    with pytest.raises(RequestRefusedError, match=field):
        driver.attest(*values)
    shorter = (values[0][1:], values[1][1:], values[2][1:])
    assert driver.attest(*shorter) == b"document"


def test_nsm_uses_the_kernels_ioctl() -> None:
    """/dev/null takes no such request, and the kernel says so."""
    with pytest.raises(DeviceRefusedError, match="Inappropriate ioctl"):
        NsmDriver(Path("/dev/null")).attest(DATA, b"", b"")


def test_dstack_asks_for_a_quote(tmp_path: Path) -> None:
    answer = json.dumps({"quote": b"quote".hex(), "event_log": "[]"}).encode()
    with dstack_agent(tmp_path / "dstack.sock", 200, answer) as asked:
        assert DstackDriver(tmp_path / "dstack.sock").attest(DATA, b"", b"") == b"quote"
    assert asked == [("/GetQuote", {"report_data": DATA.hex()})]


@pytest.mark.parametrize(
    ("status", "answer", "problem"),
    [
        (500, b"{}", "HTTP 500"),
        (200, b"{}", "no quote"),
        (200, b"no JSON", "no quote"),
        (200, b'{"quote": "xx"}', "no quote"),
    ],
)
def test_dstack_says_why_there_is_no_quote(tmp_path: Path, status: int, answer: bytes, problem: str) -> None:
    with (
        dstack_agent(tmp_path / "dstack.sock", status, answer),
        pytest.raises(DeviceRefusedError, match=problem),
    ):
        DstackDriver(tmp_path / "dstack.sock").attest(DATA, b"", b"")


def test_configfs_gives_the_quote_and_leaves_nothing(tmp_path: Path) -> None:
    assert ConfigfsTsmDriver(Configfs(tmp_path)).attest(DATA, b"", b"") == b"quote over " + DATA
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("attribute", "value", "problem"),
    [("provider", "sev_guest", "the provider is sev_guest"), ("interference", 1, "another program wrote")],
)
def test_configfs_says_why_there_is_no_quote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, attribute: str, value: object, problem: str
) -> None:
    monkeypatch.setattr(Configfs, attribute, value)
    with pytest.raises(DeviceRefusedError, match=problem):
        ConfigfsTsmDriver(Configfs(tmp_path)).attest(DATA, b"", b"")
    assert list(tmp_path.iterdir()) == []


def test_configfs_passes_on_what_the_kernel_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(_self: Configfs, _data: bytes) -> int:
        raise OSError(errno.EBUSY, "Device or resource busy")

    monkeypatch.setattr(Configfs, "write_bytes", busy)
    with pytest.raises(DeviceRefusedError, match="Device or resource busy"):
        ConfigfsTsmDriver(Configfs(tmp_path)).attest(DATA, b"", b"")


@pytest.mark.parametrize(
    ("driver", "fix"),
    [
        (NsmDriver(Path("/nowhere/nsm")), "run this in a Nitro enclave"),
        (DstackDriver(Path("/nowhere/dstack.sock")), "run this in a dstack application"),
        (ConfigfsTsmDriver(Path("/nowhere")), "run this as root in a TDX guest"),
    ],
)
def test_missing_devices_are_named_with_the_fix(driver: AttestationDriver, fix: str) -> None:
    with pytest.raises(DeviceMissingError, match=fix) as caught:
        driver.attest(DATA, b"", b"")
    assert "/nowhere" in str(caught.value)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize("driver", [DstackDriver(), ConfigfsTsmDriver()])
@pytest.mark.parametrize(
    "values", [(bytes(63), b"", b""), (bytes(65), b"", b""), (DATA, b"x", b""), (DATA, b"", b"x")]
)
def test_quotes_have_room_for_64_bytes(driver: AttestationDriver, values: tuple[bytes, bytes, bytes]) -> None:
    with pytest.raises(RequestRefusedError):
        driver.attest(*values)


def test_the_software_root_is_a_driver_like_the_others() -> None:
    driver: AttestationDriver = SoftwareRootDriver(ROOT, PCRS, lambda: float(NOW_S))
    claims = nitro.verify(driver.attest(DATA, b"", b"key"), ROOT.fingerprint, NOW_S)
    assert (claims.user_data, claims.nonce, claims.public_key) == (DATA, b"", b"key")
