"""Lets `python -m indexer` do what `veritally-indexer` does."""

from indexer.cli import main

main()
