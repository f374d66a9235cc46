"""Transactions that land once: nonces, signatures, replacement and finality, kept in a database."""

from veritally.transactions.database import Database
from veritally.transactions.fees import FeePolicy, Fees
from veritally.transactions.intents import Call, Intent, IntentStatus, Landing
from veritally.transactions.manager import TransactionManager
from veritally.transactions.policy import Policy, Report
from veritally.transactions.states import Outcome, State
from veritally.transactions.tables import TABLES

__all__ = [
    "TABLES",
    "Call",
    "Database",
    "FeePolicy",
    "Fees",
    "Intent",
    "IntentStatus",
    "Landing",
    "Outcome",
    "Policy",
    "Report",
    "State",
    "TransactionManager",
]
