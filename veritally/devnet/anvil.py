"""Runs anvil, Foundry's development node, and never leaves one behind."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from veritally.chain import Chain
from veritally.devnet.accounts import TEST_MNEMONIC
from veritally.errors import DevnetError
from veritally.processes import die_with_parent

CHAIN_ID = 84532
"""Base Sepolia: x402 clients accept its USDC by default."""
BALANCE_ETHER = 1_000_000
START_TIMEOUT_S = 20.0
BINARY_VARIABLE = "VERITALLY_ANVIL"


@dataclass(frozen=True)
class Anvil:
    """A running node."""

    rpc_url: str
    pid: int


@contextmanager
def run_anvil(
    binary: Path, port: int = 0, chain_id: int = CHAIN_ID, options: Sequence[str] = ()
) -> Iterator[Anvil]:
    """Runs a node until the context ends; it ends with this process in any case.

    On Linux the kernel kills the node when the thread that started it ends, even by SIGKILL: start it from a
    thread that lives as long as the node shall. Elsewhere a killed process leaves the node running.

    Args:
        binary: The native program, see `find_anvil`.
        port: TCP port on the loopback interface; 0 lets the kernel choose a free one.
        chain_id: What the node says it is.
        options: Further options of anvil's command line.

    Raises:
        DevnetError: the node ends at once (as when the port is taken) or does not answer in time.
    """
    with tempfile.TemporaryFile() as log:
        node = _spawn(binary, port, chain_id, options, log.fileno())
        atexit.register(node.kill)
        try:
            yield Anvil(rpc_url=_await_listening(node, log.fileno()), pid=node.pid)
        finally:
            node.kill()
            node.wait()
            atexit.unregister(node.kill)


def find_anvil(root: Path) -> Path:
    """The native anvil: `VERITALLY_ANVIL`, else the one of npm under `root`, else the one on PATH.

    Raises:
        DevnetError: there is none, or what was found is npm's launcher script, which outlives its own end.
    """
    named = os.environ.get(BINARY_VARIABLE)
    installed = sorted(root.glob("node_modules/@foundry-rs/anvil-*/bin/anvil"))
    found = named or (installed[0] if installed else shutil.which("anvil"))
    if found is None or not Path(found).is_file():
        fix = f"run `make setup`, or set {BINARY_VARIABLE} to the native program"
        raise DevnetError(f"anvil not found ({found or 'not installed'})", fix)
    with Path(found).open("rb") as program:
        if program.read(2) == b"#!":
            raise DevnetError(f"{found} is a script", f"set {BINARY_VARIABLE} to the native anvil")
    return Path(found)


def set_code(chain: Chain, address: str, runtime: str) -> None:
    """Puts bytecode (0x hex) at an address."""
    call_node(chain, "anvil_setCode", address, runtime)


def call_node(chain: Chain, method: str, *params: object) -> object:
    """Calls one of anvil's own RPC methods.

    Raises:
        DevnetError: the node refuses the call.
    """
    answer = chain.w3.provider.make_request(method, list(params))  # type: ignore[arg-type]
    if "error" in answer:
        raise DevnetError(f"{method}: {answer['error']}", "use the anvil version that package.json pins")
    return answer.get("result")


def _spawn(
    binary: Path, port: int, chain_id: int, options: Sequence[str], log: int
) -> subprocess.Popen[bytes]:
    """Starts the node in a session of its own, so that Ctrl-C reaches only us and we stop it in order."""
    command = [str(binary), "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(chain_id)]
    command += ["--mnemonic", TEST_MNEMONIC, "--balance", str(BALANCE_ETHER), *options]
    return subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )


def _await_listening(node: subprocess.Popen[bytes], log: int) -> str:
    """Waits until the node says on which port it listens. From then on it logs nothing."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        ended = node.poll() is not None
        output = os.pread(log, 1 << 16, 0)
        if found := re.search(rb"Listening on 127\.0\.0\.1:(\d+)", output):
            rpc_url = f"http://127.0.0.1:{int(found[1])}"
            call_node(Chain.connect(rpc_url), "anvil_setLoggingEnabled", False)
            return rpc_url
        if ended:
            last = output.decode(errors="replace").strip().splitlines()[-1:]
            raise DevnetError(
                f"anvil ended at once: {''.join(last)}",
                "choose a free port, or let it choose one, and use the anvil version that package.json pins",
            )
        time.sleep(0.005)
    raise DevnetError(
        f"anvil does not listen after {START_TIMEOUT_S:g} s", "try again when the machine is idle"
    )
