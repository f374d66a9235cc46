"""Paid requests as rows: each is stored before it runs, and every step of it is idempotent."""
