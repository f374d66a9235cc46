"""Owners, nonces and stored intents on both kinds of database, with several threads and processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from eth_account import Account
from eth_account.signers.local import LocalAccount
from hostile_node import HostileNode
from sqlmodel import select
from transacting import Anvil, FragileDatabase, Killed, expire_leases, gift, open_manager

from veritally.transactions import Call, Database, Intent, Landing, rows
from veritally.transactions.desk import Desk
from veritally.transactions.entries import Landed
from veritally.transactions.errors import (
    DatabaseError,
    IntentConflictError,
    KeyInUseError,
    LeaseLostError,
    SettingError,
    UnknownIntentError,
)
from veritally.transactions.lease import Key, Lease
from veritally.transactions.store import Store
from veritally.transactions.tables import AccountRow, IntentRow

LANDING = Landing("0x00", 1, "0x00", True, True, 21_000, 1)
LEASE_S = 30.0


@pytest.fixture
def key(any_database: FragileDatabase) -> Key:
    """A key that is registered and that nobody owns."""
    account: LocalAccount = Account.create()
    with any_database.transaction() as session:
        session.add(AccountRow(chain_id=1, sender=account.address, first_nonce=5, next_nonce=5))
    return Key(1, account.address)


def insert(desk: Desk, database: Database, intent: Intent) -> int:
    with database.transaction() as session:
        return desk.insert(session, intent, 21_000).nonce


def stored(database: Database, key: Key) -> list[tuple[int, str | None]]:
    with database.reading() as session:
        found = session.exec(select(IntentRow).where(*rows.of_key(key))).all()
        return sorted((row.nonce, row.key) for row in found)


def test_nonces_follow_each_other_from_the_first_on(any_database: FragileDatabase, key: Key) -> None:
    desk = Desk(any_database, Lease.acquire(any_database, key, LEASE_S))
    assert [insert(desk, any_database, gift(f"{n}")) for n in range(3)] == [5, 6, 7]


def test_many_threads_get_each_nonce_once_and_each_key_once(any_database: FragileDatabase, key: Key) -> None:
    desk = Desk(any_database, Lease.acquire(any_database, key, LEASE_S))
    intents = [gift(f"gift {n}") for n in range(10)]
    with ThreadPoolExecutor(8) as pool:
        nonces = list(pool.map(lambda n: insert(desk, any_database, intents[n % 10]), range(40)))
    assert sorted(set(nonces)) == list(range(5, 15))
    assert [nonces[n::10] for n in range(10)] == [[nonces[n]] * 4 for n in range(10)]


@pytest.mark.parametrize("boundary", [0, 1])
def test_an_intent_and_its_nonce_are_stored_together_or_not_at_all(
    any_database: FragileDatabase, key: Key, boundary: int
) -> None:
    desk = Desk(any_database, Lease.acquire(any_database, key, LEASE_S))
    any_database.boundaries_left = boundary
    with pytest.raises(Killed):
        insert(desk, any_database, gift("one"))
    any_database.boundaries_left = None
    with any_database.reading() as session:
        next_nonce = session.get_one(AccountRow, (key.chain_id, key.sender)).next_nonce
    assert next_nonce == 5 + boundary
    assert stored(any_database, key) == [(5, "one")][:boundary]


def test_an_intent_is_stored_with_the_callers_own_rows_or_not_at_all(
    any_database: FragileDatabase, key: Key
) -> None:
    desk = Desk(any_database, Lease.acquire(any_database, key, LEASE_S))

    def fail_after_inserting() -> None:
        with any_database.transaction() as session:
            desk.insert(session, gift("one"), 21_000)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_inserting()
    assert stored(any_database, key) == []
    assert insert(desk, any_database, gift("two")) == 5


@pytest.mark.parametrize("field", ["to", "data", "value_wei", "gas_limit"])
def test_a_key_names_one_intent_for_ever(any_database: FragileDatabase, key: Key, field: str) -> None:
    desk = Desk(any_database, Lease.acquire(any_database, key, LEASE_S))
    call = Call("0x" + "11" * 20, b"\1", 2, 21_000)
    other = Call(
        to="0x" + "22" * 20 if field == "to" else call.to,
        data=b"\2" if field == "data" else call.data,
        value_wei=3 if field == "value_wei" else call.value_wei,
        gas_limit=21_001 if field == "gas_limit" else call.gas_limit,
    )
    insert(desk, any_database, Intent("one", call))
    with pytest.raises(IntentConflictError, match=field):
        insert(desk, any_database, Intent("one", other))


def test_two_senders_may_use_the_same_names(any_database: FragileDatabase, key: Key) -> None:
    other = Key(2, key.sender)
    with any_database.transaction() as session:
        session.add(AccountRow(chain_id=2, sender=key.sender, first_nonce=0, next_nonce=0))
    desks = [Desk(any_database, Lease.acquire(any_database, one, LEASE_S)) for one in (key, other)]
    assert [insert(desk, any_database, gift("one")) for desk in desks] == [5, 0]


def test_amounts_of_any_size_come_back(any_database: FragileDatabase, key: Key) -> None:
    lease = Lease.acquire(any_database, key, LEASE_S)
    intent = Intent("rich", Call("0x" + "11" * 20, value_wei=2**256 - 1, gas_limit=21_000))
    insert(Desk(any_database, lease), any_database, intent)
    (entry,) = Store(any_database, lease).open_entries()
    assert entry.call.value_wei == 2**256 - 1


def test_what_is_not_stored_is_unknown(any_database: FragileDatabase, key: Key) -> None:
    desk = Desk(any_database, Lease.acquire(any_database, key, LEASE_S))
    for ask in (desk.status, desk.cancel):
        with pytest.raises(UnknownIntentError, match="never heard"):
            ask("never heard")


# Owners


def test_a_key_has_one_owner_until_its_lease_is_over(any_database: FragileDatabase, key: Key) -> None:
    first = Lease.acquire(any_database, key, LEASE_S)
    with pytest.raises(KeyInUseError, match=r"for another \d+ s"):
        Lease.acquire(any_database, key, LEASE_S)
    expire_leases(any_database)
    second = Lease.acquire(any_database, key, LEASE_S)
    with pytest.raises(LeaseLostError):
        first.renew()
    second.renew()


def test_an_old_owner_cannot_release_what_is_not_his(any_database: FragileDatabase, key: Key) -> None:
    first = Lease.acquire(any_database, key, LEASE_S)
    expire_leases(any_database)
    Lease.acquire(any_database, key, LEASE_S)
    first.release()
    with pytest.raises(KeyInUseError):
        Lease.acquire(any_database, key, LEASE_S)


def test_what_is_released_can_be_taken_at_once_and_is_lost_for_the_one_before(
    any_database: FragileDatabase, key: Key
) -> None:
    first = Lease.acquire(any_database, key, LEASE_S)
    first.release()
    with pytest.raises(LeaseLostError):
        first.renew()
    Lease.acquire(any_database, key, LEASE_S)


def test_renewing_moves_the_end_of_the_lease(any_database: FragileDatabase, key: Key) -> None:
    lease = Lease.acquire(any_database, key, LEASE_S)
    expire_leases(any_database)
    lease.renew()
    with pytest.raises(KeyInUseError):
        Lease.acquire(any_database, key, LEASE_S)


def test_a_fresh_lease_is_renewed_without_writing(any_database: FragileDatabase, key: Key) -> None:
    lease = Lease.acquire(any_database, key, LEASE_S)
    any_database.boundaries_left = 0
    lease.renew()
    any_database.boundaries_left = None


def test_of_many_that_want_a_key_one_gets_it(any_database: FragileDatabase, key: Key) -> None:
    barrier = threading.Barrier(8)

    def acquire(_: int) -> bool:
        barrier.wait()
        try:
            Lease.acquire(any_database, key, LEASE_S)
        except KeyInUseError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(acquire, range(8))) == [False] * 7 + [True]


def test_of_many_that_use_a_new_key_first_one_gets_it(
    any_database: FragileDatabase, anvil: Anvil, nodes: tuple[HostileNode, HostileNode]
) -> None:
    account, barrier = anvil.fresh_account(), threading.Barrier(6)

    def open_(_: int) -> bool:
        barrier.wait()
        try:
            open_manager(any_database, account, [node.url for node in nodes])
        except KeyInUseError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(open_, range(6))) == [False] * 5 + [True]


def test_an_owner_that_was_taken_over_in_the_middle_stores_nothing(
    any_database: FragileDatabase, key: Key
) -> None:
    lease = Lease.acquire(any_database, key, LEASE_S)
    store, desk = Store(any_database, lease), Desk(any_database, lease)
    insert(desk, any_database, gift("one"))
    (entry,) = store.open_entries()
    expire_leases(any_database)
    Lease.acquire(any_database, key, LEASE_S)
    for write in (
        lambda: store.note_gone(Landed(entry.id, LANDING)),
        lambda: store.displace(entry, "0x00"),
        lambda: store.fill_gap(3),
        lambda: store.pause("no"),
        lambda: store.hold_to(1, "0x00"),
        lambda: desk.cancel("one"),
        lambda: insert(desk, any_database, gift("two")),
    ):
        with pytest.raises(LeaseLostError):
            write()
    assert stored(any_database, key) == [(5, "one")]


def test_another_process_is_kept_out(any_database: FragileDatabase, key: Key, tmp_path: Path) -> None:
    """Really another one: what only threads share keeps nobody out."""
    program = tmp_path / "acquire.py"
    program.write_text(
        "import sys\n"
        "from veritally.transactions import Database\n"
        "from veritally.transactions.lease import Key, Lease\n"
        "Lease.acquire(Database(sys.argv[1]), Key(1, sys.argv[2]), 3600.0)\n"
    )
    url = any_database._url.render_as_string(hide_password=False)
    command = [sys.executable, str(program), url, key.sender]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert second.returncode != 0
    assert "KeyInUseError" in second.stderr


# The database itself


def test_a_nonce_cannot_be_stored_twice(any_database: FragileDatabase, key: Key) -> None:
    store = Store(any_database, Lease.acquire(any_database, key, LEASE_S))
    store.fill_gap(3)
    with pytest.raises(DatabaseError, match=r"(?i)unique"):
        store.fill_gap(3)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("mysql://u:secret@h/d", "neither"),
        ("secret", "neither"),
        ("sqlite://", "no file"),
        ("sqlite:///:memory:", "no file"),
        ("postgresql+nothing://u:secret@h/d", "unknown driver"),
    ],
)
def test_an_unusable_url_is_refused_without_showing_it(url: str, problem: str) -> None:
    with pytest.raises(SettingError, match=problem) as refused:
        Database(url)
    assert "secret" not in str(refused.value)


def test_a_database_that_is_gone_is_named_without_its_password() -> None:
    with pytest.raises(DatabaseError) as refused:
        Database("postgresql+psycopg://user:secret@127.0.0.1:1/none").prepare()
    assert "127.0.0.1" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_sqlite_keeps_what_is_committed_through_a_power_cut(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/any.db")
    database.prepare()
    with database.reading() as session:
        connection = session.connection()
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous")
        ]
    assert pragmas == ["wal", 2]
    database.close()
