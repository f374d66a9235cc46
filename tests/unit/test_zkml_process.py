from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from prover.errors import EzklCrashedError, EzklFailedError, EzklTimeoutError
from prover.settings import MODELS_DIRECTORY
from prover.zkml import ezkl_process
from prover.zkml.child_process import Watch, run_child
from prover.zkml.errors import DiskFullError, EzklMemoryError
from prover.zkml.ezkl_process import Stage, measure_ezkl, run_ezkl
from prover.zkml.package import ModelPackage

HOURS_OF_ROWS = 24
START_OF_A_LONG_RUN = f"""
import sys
from prover.zkml.ezkl_process import Stage, run_ezkl
run_ezkl(Stage.DEVELOPMENT_SRS, {{"output": sys.argv[1], "logrows": {HOURS_OF_ROWS}}}, 3600)
"""


def command_of(pid: str) -> str:
    try:
        return Path("/proc", pid, "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        return ""


def processes_with(text: str) -> set[str]:
    """Ids of the processes whose command line holds `text`; a finished one has an empty command line."""
    return {pid for pid in os.listdir("/proc") if pid.isdigit() and text in command_of(pid)}


def children_with(parent: int, text: str) -> set[str]:
    status = {pid: Path("/proc", pid, "stat") for pid in processes_with(text)}
    return {
        pid for pid, path in status.items() if path.read_text().rsplit(")", 1)[1].split()[1] == str(parent)
    }


def wait_until_gone(text: str) -> bool:
    deadline = time.monotonic() + 5
    while processes_with(text) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not processes_with(text)


def test_timeout_kills_the_child_and_says_what_to_do(tmp_path: Path) -> None:
    arguments = {"output": str(tmp_path / "srs"), "logrows": HOURS_OF_ROWS}
    started = time.monotonic()
    with pytest.raises(EzklTimeoutError, match=r"'development-srs' was killed after 0\.7 s; lower logrows"):
        run_ezkl(Stage.DEVELOPMENT_SRS, arguments, 0.7)
    assert time.monotonic() - started < 5
    assert children_with(os.getpid(), ezkl_process.CHILD_MODULE) == set()


def test_timeout_kills_what_the_child_started() -> None:
    token = f"60.{time.time_ns()}"
    script = f"import subprocess; subprocess.Popen(['sleep', '{token}']).wait()"
    ended = run_child([sys.executable, "-c", script], "", dict(os.environ), 0.7, Watch())
    assert ended.late
    assert ended.answer is None
    assert wait_until_gone(token)


def test_crash_is_told_from_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ezkl_process, "CHILD_MODULE", "prover.no_such_module")
    with pytest.raises(EzklCrashedError, match=r"'prove' died with exit code 1 after .* No module named"):
        run_ezkl(Stage.PROVE, {}, 20)


@pytest.mark.parametrize("signal_number", [signal.SIGABRT, signal.SIGSEGV, signal.SIGKILL])
def test_death_by_a_signal_is_named(
    signal_number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_child(tmp_path, monkeypatch, f"import os; os.kill(os.getpid(), {signal_number.value})")
    with pytest.raises(
        EzklCrashedError, match=f"'prove' was killed by {signal_number.name} after .* try again"
    ):
        run_ezkl(Stage.PROVE, {}, 20)


def test_answer_of_a_child_that_crashes_at_its_end_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"result": 7, "cpu_s": 0.5, "peak_memory_bytes": 9}
    use_child(tmp_path, monkeypatch, f"import os; print({json.dumps(answer)!r}, flush=True); os.abort()")
    assert run_ezkl(Stage.PROVE, {}, 20) == 7


def test_half_an_answer_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_child(tmp_path, monkeypatch, """print('{"result": 7, "cpu_s": 1', end="", flush=True)""")
    with pytest.raises(EzklCrashedError, match="died with exit code 0"):
        run_ezkl(Stage.PROVE, {}, 20)


def use_child(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Lets another program than ours be the child."""
    (folder / "another_child.py").write_text(script)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(ezkl_process, "CHILD_MODULE", "another_child")


def test_failure_names_stage_and_reason(tmp_path: Path) -> None:
    arguments = {
        "network": str(tmp_path / "none.onnx"),
        "output": str(tmp_path / "settings.json"),
        "knobs": {},
    }
    with pytest.raises(EzklFailedError, match=r"'settings' failed after .* No such file"):
        run_ezkl(Stage.SETTINGS, arguments, 20)


def test_panic_is_a_failure(tmp_path: Path) -> None:
    """A panic of ezkl is no `Exception`."""
    network = Path(__file__).resolve().parents[2] / "prover/models/iris/network.onnx"
    arguments = {
        "network": str(network),
        "output": str(tmp_path / "settings"),
        "knobs": {"num_inner_cols": 0},
    }
    with pytest.raises(EzklFailedError, match=r"'settings' failed after .* PanicException"):
        run_ezkl(Stage.SETTINGS, arguments, 20)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_child_dies_with_its_parent(tmp_path: Path) -> None:
    parent = subprocess.Popen([sys.executable, "-c", START_OF_A_LONG_RUN, str(tmp_path / "srs")])
    try:
        deadline = time.monotonic() + 10
        while (
            not (found := children_with(parent.pid, ezkl_process.CHILD_MODULE))
            and time.monotonic() < deadline
        ):
            time.sleep(0.02)
        assert len(found) == 1
        time.sleep(0.5)  # the child has told the kernel by now
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    (child,) = found
    deadline = time.monotonic() + 5
    while command_of(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    survived = command_of(child)
    if survived:
        os.kill(int(child), signal.SIGKILL)
    assert survived == ""


def test_child_gets_no_secrets_and_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIVATE_KEY", "secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    environment = ezkl_process._environment("/empty")
    assert "secret" not in environment.values()
    assert environment["HOME"] == "/empty"
    assert environment["HTTPS_PROXY"] == environment["ALL_PROXY"] == "http://127.0.0.1:9"


def test_memory_is_bounded(tmp_path: Path) -> None:
    arguments = {"output": str(tmp_path / "srs"), "logrows": HOURS_OF_ROWS}
    with pytest.raises(EzklMemoryError, match="'development-srs' needs more than 512 MB"):
        measure_ezkl(Stage.DEVELOPMENT_SRS, arguments, 60, memory_limit_bytes=2**29)


def test_memory_is_bounded_without_a_limit_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ezkl_process, "ADDRESS_SPACE_BYTES", 2**28)
    monkeypatch.setattr(ezkl_process, "available_memory_bytes", lambda: 2**28)
    arguments = {"output": str(tmp_path / "srs"), "logrows": HOURS_OF_ROWS}
    with pytest.raises(EzklMemoryError, match="needs more than 512 MB; free memory"):
        run_ezkl(Stage.DEVELOPMENT_SRS, arguments, 60)


def test_memory_of_who_starts_a_call_does_not_count(tmp_path: Path) -> None:
    ballast = bytearray(2**28)
    measured = measure_ezkl(Stage.DEVELOPMENT_SRS, {"output": str(tmp_path / "srs"), "logrows": 6}, 60)
    assert measured.peak_memory_bytes < len(ballast)


def test_full_disk_is_told(tmp_path: Path) -> None:
    output = tmp_path / "srs"
    output.symlink_to("/dev/full")
    with pytest.raises(DiskFullError, match="the disk is full; free some room"):
        run_ezkl(Stage.DEVELOPMENT_SRS, {"output": str(output), "logrows": 6}, 60)


def test_work_is_measured(tmp_path: Path) -> None:
    measured = measure_ezkl(Stage.DEVELOPMENT_SRS, {"output": str(tmp_path / "srs"), "logrows": 9}, 60)
    assert measured.result is None
    assert 0.01 < measured.cpu_s < 30
    assert 2**23 < measured.peak_memory_bytes < 2**30


def test_settings_are_the_same_in_every_run(tmp_path: Path) -> None:
    package = ModelPackage.load(MODELS_DIRECTORY / "iris")
    knobs = msgspec.to_builtins(package.knobs)
    contents = set()
    for run in range(8):  # ezkl itself orders the two ranges at random
        output = tmp_path / str(run)
        run_ezkl(Stage.SETTINGS, {"network": str(package.onnx), "output": str(output), "knobs": knobs}, 60)
        contents.add(output.read_bytes())
    assert len(contents) == 1
    assert len(json.loads(contents.pop())["required_range_checks"]) == 2
