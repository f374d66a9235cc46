"""The indexer: reads settlement events and tallies inferences per tier."""
