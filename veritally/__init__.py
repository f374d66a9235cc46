"""Veritally SDK: receipts, events, tiers and chain access for paid, verifiable inference."""

__version__ = "0.1.0"
