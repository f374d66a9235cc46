"""The folder in which a service keeps its database, and the socket over which commands reach it.

Only the operator's user may enter the folder: who can open the socket is trusted.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import httpx

from prover.operations.errors import ServiceNotRunningError, StateFolderError

SOCKET_NAME = "control.sock"
_LONGEST_SOCKET_PATH = 100
_TIMEOUT_S = 30.0


def open_state_folder(folder: Path) -> None:
    """Makes the state folder, for this user alone.

    Raises:
        StateFolderError: it cannot be made, or others may enter it.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = folder.stat().st_mode
    except OSError as error:
        raise StateFolderError(folder, f"cannot be made ({error.strerror})") from None
    if mode & 0o077:
        raise StateFolderError(folder, "others may enter it; run `chmod 700` on it")


def bind_control(folder: Path) -> socket.socket:
    """The control socket of this process, which only this user may open.

    Raises:
        StateFolderError: another service has it, or it cannot be made.
    """
    path = folder / SOCKET_NAME
    if len(str(path)) > _LONGEST_SOCKET_PATH:
        raise StateFolderError(folder, f"its path is longer than a socket's may be ({_LONGEST_SOCKET_PATH})")
    if _answers(path):
        raise StateFolderError(folder, "another service uses it")
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        path.unlink(missing_ok=True)
        listener.bind(str(path))
    except OSError as error:
        listener.close()
        raise StateFolderError(folder, f"no socket can be made there ({error.strerror})") from None
    finally:
        os.umask(before)
    return listener


def ask_service(folder: Path, method: str, path: str) -> dict[str, Any]:
    """What the service that uses this state folder answers to a command.

    Raises:
        ServiceNotRunningError: there is none.
    """
    place = folder / SOCKET_NAME
    transport = httpx.HTTPTransport(uds=str(place))
    with httpx.Client(transport=transport, timeout=_TIMEOUT_S) as client:
        try:
            answer = client.request(method, f"http://prover{path}")
        except httpx.HTTPError:
            raise ServiceNotRunningError(place) from None
        answer.raise_for_status()
        return dict(answer.json())


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
