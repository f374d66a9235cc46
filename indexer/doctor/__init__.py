"""Checks whether everything that the indexer needs is there, and says how to put right what is not."""
