from __future__ import annotations

import stat
from pathlib import Path

import pytest

from prover.operations.errors import ServiceNotRunningError, StateFolderError
from prover.operations.state_folder import ask_service, bind_control, open_state_folder


def test_a_new_folder_is_for_its_owner_alone(tmp_path: Path) -> None:
    open_state_folder(tmp_path / "a" / "state")
    assert stat.S_IMODE((tmp_path / "a" / "state").stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path, mode: int) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(mode)
    with pytest.raises(StateFolderError, match="others may enter it; run `chmod 700`"):
        open_state_folder(tmp_path / "open")


def test_one_service_uses_a_folder_and_only_its_user_may_open_the_socket(tmp_path: Path) -> None:
    with bind_control(tmp_path) as listener:
        listener.listen()
        assert stat.S_IMODE((tmp_path / "control.sock").stat().st_mode) == 0o600
        with pytest.raises(StateFolderError, match="another service uses it"):
            bind_control(tmp_path)
    bind_control(tmp_path).close()  # what a service that was killed left behind is no other service


def test_a_command_without_a_service_says_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(ServiceNotRunningError, match="start it by `veritally-prover serve`"):
        ask_service(tmp_path, "GET", "/status")


def test_a_folder_whose_path_is_too_long_for_a_socket_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StateFolderError, match="longer than a socket's may be"):
        bind_control(tmp_path / ("x" * 100))
