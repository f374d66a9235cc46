"""The stable views for analysts, `public_v1`: what docs/sql.md describes column by column.

In Postgres they are the schema `public_v1`, in SQLite views whose names start with `public_v1_`. Columns keep
their names, their order and their meaning; other ones would be a `public_v2`.
"""
