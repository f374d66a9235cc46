"""One development chain for the whole session; each test starts from its first state."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from databases import fresh_postgres
from eth_account.signers.local import LocalAccount
from hostile_node import HostileNode, hostile
from postgres import PostgresError, run_postgres
from prover_service import RunningService, count_from_here, run_service
from restoring import restored
from transacting import POLICY, Anvil, FragileDatabase, expire_leases, open_manager, run_node
from web3.contract import Contract
from x402 import x402ClientSync
from x402.mechanisms.evm.signers import EthAccountSigner
from x402.mechanisms.evm.upto.client import UptoEvmScheme
from x402.schemas import PaymentRequired, PaymentRequirements
from x402_clients import Pay, pay_in_python, pay_in_typescript

from veritally.devnet import Devnet, start_devnet
from veritally.devnet.parts import Parts, find_root
from veritally.transactions import Policy, TransactionManager
from veritally.x402.addresses import UPTO_PROXY_ADDRESS


@pytest.fixture(scope="session")
def devnet() -> Iterator[Devnet]:
    """A chain with USDC, Permit2, x402's contracts and ours."""
    with start_devnet() as running:
        yield running


@pytest.fixture(autouse=True)
def isolated(request: pytest.FixtureRequest) -> Iterator[None]:
    """Undoes on chain whatever a test that uses `devnet` did, unless a service remembers it."""
    if "devnet" not in request.fixturenames:
        yield
        return
    count_from_here(request.getfixturevalue("devnet"))
    if "service" in request.fixturenames:
        yield
        return
    with restored(request.getfixturevalue("devnet")):
        yield


@pytest.fixture(scope="module")
def service(devnet: Devnet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """One service for all tests of a file. Signatures wait for the proofs that came with them."""
    folder = tmp_path_factory.mktemp("prover")
    with restored(devnet), run_service(devnet, folder, batch_max_age_s=60) as running:
        yield running


@pytest.fixture
def payer(devnet: Devnet) -> LocalAccount:
    return devnet.accounts.payers[0]


@pytest.fixture(params=[pay_in_python, pay_in_typescript], ids=["python", "typescript"])
def pay(request: pytest.FixtureRequest) -> Pay:
    """An official x402 client."""
    client: Pay = request.param
    return client


@pytest.fixture
def upto_proxy(devnet: Devnet) -> Contract:
    """The stand-in of x402's upto proxy."""
    abi = Parts(find_root(None)).compiled("X402UptoPermit2Proxy").abi
    return devnet.chain.w3.eth.contract(address=UPTO_PROXY_ADDRESS, abi=abi)


@pytest.fixture
def signed_upto(devnet: Devnet) -> tuple[Any, ...]:
    """Arguments of the proxy's `settle`, signed by the unmodified x402 client of payer 0.

    The prover is paid 640 base units of a signed maximum of 1,000; the relayer is the facilitator.
    """
    requirements = PaymentRequirements(
        scheme="upto",
        network="eip155:84532",
        asset="0x036CbD53842c5426634e7929541eC2318f3dCF7e",
        amount="1000",
        pay_to=devnet.accounts.prover.address,
        max_timeout_seconds=300,
        extra={"facilitatorAddress": devnet.accounts.relayer.address},
    )
    client = x402ClientSync()
    client.register("eip155:*", UptoEvmScheme(EthAccountSigner(devnet.accounts.payers[0])))
    payload = client.create_payment_payload(PaymentRequired(accepts=[requirements])).payload
    signed = payload["permit2Authorization"]
    token, maximum = signed["permitted"]["token"], int(signed["permitted"]["amount"])
    witness = signed["witness"]
    return (
        ((token, maximum), int(signed["nonce"]), int(signed["deadline"])),
        640,
        signed["from"],
        (witness["to"], witness["facilitator"], int(witness["validAfter"])),
        bytes.fromhex(payload["signature"][2:]),
    )


@pytest.fixture(scope="module")
def anvil() -> Iterator[Anvil]:
    """A node that makes blocks when it is told to. Tests use keys of their own instead of undoing things."""
    with run_node() as node:
        yield node


@pytest.fixture
def nodes(anvil: Anvil) -> Iterator[tuple[HostileNode, HostileNode]]:
    """Two servers in front of it, honest until told otherwise."""
    with ExitStack() as stack:
        yield stack.enter_context(hostile(anvil.rpc_url)), stack.enter_context(hostile(anvil.rpc_url))
        anvil.forget_pool()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a Postgres of its own. Without one, tests are left out, except on CI: there they fail."""
    try:
        with run_postgres() as url:
            yield url
    except PostgresError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(params=["sqlite", "postgres"])
def any_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FragileDatabase]:
    """A database of each kind."""
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{tmp_path}/any.db" if is_sqlite else request.getfixturevalue("postgres")
    made = FragileDatabase(url)
    made.prepare()
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgres"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FragileDatabase]:
    """A database of each kind, without tables."""
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path}/empty.db"
        if request.param == "postgres":
            url = stack.enter_context(fresh_postgres(request.getfixturevalue("postgres")))
        made = FragileDatabase(url)
        yield made
        made.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[FragileDatabase]:
    made = FragileDatabase(f"sqlite:///{tmp_path}/transactions.db")
    made.prepare()
    yield made
    made.close()


@pytest.fixture
def account(anvil: Anvil) -> LocalAccount:
    return anvil.fresh_account()


@pytest.fixture
def open_(
    database: FragileDatabase, account: LocalAccount, nodes: tuple[HostileNode, HostileNode]
) -> Iterator[Callable[..., TransactionManager]]:
    """Opens a manager of `account`, as a new process does after the one before has ended or died."""
    opened: list[TransactionManager] = []

    def open_(policy: Policy = POLICY) -> TransactionManager:
        expire_leases(database)
        opened.append(open_manager(database, account, [node.url for node in nodes], policy))
        return opened[-1]

    yield open_
    for manager in opened:
        manager.close()


@pytest.fixture
def manager(open_: Callable[..., TransactionManager]) -> TransactionManager:
    return open_()
