"""A node that misbehaves: a JSON-RPC proxy that spoils answers, to try indexers with."""
