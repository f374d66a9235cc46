"""The commands of `veritally-indexer`: a module each, with `register(app)`."""
