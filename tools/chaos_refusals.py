"""What the tests of faults must see, and what the faults have taught the indexer."""

from __future__ import annotations

UNIT = "tests/unit/test_{}.py"

CHECKS = (
    (
        "rows that are missing from a database",
        "indexer/chaos/contents.py",
        "        if missing or strange:\n",
        "        if False:\n",
        "chaos_contents",
    ),
    (
        "roll-ups that are no sums",
        "indexer/chaos/contents.py",
        "        if stored != {cell: (count, sums[cell]) for cell, count in counts.items()}:\n",
        "        if False:\n",
        "chaos_contents",
    ),
    (
        "events that are lost without a word",
        "indexer/batches.py",
        "        next_seq = _next_seq(before.next_seq, found, rows)\n",
        "        next_seq = found.next_seq or before.next_seq\n",
        "chaos_matrix",
    ),
    (
        "what is stored while a fault lasts",
        "indexer/chaos/check.py",
        "            if lies:\n                outcome",
        "            if False:\n                outcome",
        "chaos_check",
    ),
    (
        "faults that end",
        "indexer/chaos/node.py",
        "        hit = self.faults if self.is_faulty and",
        "        hit = self.faults if",
        "chaos_node",
    ),
    (
        "a node that comes back to its branch",
        "indexer/sync.py",
        "        if start.next_block == cursor.next_block:\n",
        "        if False:\n",
        "chaos_matrix",
    ),
    (
        "another chain while it is read",
        "indexer/chain.py",
        "        self._require(self.rpc.parse(_CHAIN_ID.method, chain_id, parse_quantity))\n",
        "",
        "indexer_checks",
    ),
    (
        "tokens that gave no answer",
        "indexer/sync.py",
        "            lambda node: ask_decimals_again(self._sources.of(node).chain, self._database, cursor)\n",
        "            lambda node: None\n",
        "indexer_checks",
    ),
    (
        "answers that never end",
        "indexer/rpc.py",
        "            if time.monotonic() > deadline_s:\n",
        "            if False:\n",
        "indexer_rpc",
    ),
    (
        "answers that break off",
        "indexer/rpc.py",
        "        if response.length:\n",
        "        if False:\n",
        "indexer_rpc",
    ),
    (
        "connections that are kept",
        "indexer/rpc.py",
        "        response.read()  # says that the connection can be used again\n",
        "",
        "indexer_rpc",
    ),
    (
        "how long the node asks to wait",
        "indexer/rpc.py",
        "                wanted_pause_s = self._wanted_pause_s\n",
        "                wanted_pause_s = 0.0\n",
        "indexer_rpc",
    ),
    (
        "cursor and rows in one transaction",
        "indexer/sync.py",
        "            learnt = write_range(session, self._dictionary, batch)\n",
        "            move_cursor(session, batch.before, batch.after)\n"
        "        with self._database.writing() as session:\n"
        "            held_back = Batch(batch.after, *list(vars(batch).values())[1:])\n"
        "            learnt = write_range(session, self._dictionary, held_back)\n",
        "chaos_kills",
    ),
    (
        "roll-ups of blocks that left the chain",
        "indexer/store.py",
        '    add_inferences(session, cursor.id, columns, columns["timestamp_s"], sign=-1)\n',
        "",
        "indexer_model",
    ),
    (
        "rows of blocks that left the chain",
        "indexer/store.py",
        "        session.exec(delete(table).where(key >= first, key <= last))\n",
        "        session.exec(delete(table).where(key > first, key <= last))\n",
        "indexer_model",
    ),
)
