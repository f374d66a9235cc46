"""A digest of rows that does not depend on how a file stores them.

It is SHA-256 over the columns' names and types, and over the digest of each group of `ROWS_PER_GROUP` rows.
That is SHA-256 over the columns one after the other: one byte per row that says whether there is a value;
of text the lengths (4 bytes each), then all characters; of others the values in 1 (true or false), 2, 4, 8 or
16 bytes, zero where there is none. All numbers are little-endian.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


class ContentDigest:
    """Digest of a table that comes in groups of rows."""

    def __init__(self, schema: pa.Schema) -> None:
        self._hash = hashlib.sha256("".join(f"{x.name}:{x.type};" for x in schema).encode())

    def add(self, group: pa.Table) -> None:
        """Takes the next group."""
        self._hash.update(group_digest(group))

    def hexadecimal(self) -> str:
        """Of what was added so far."""
        return self._hash.hexdigest()


def group_digest(group: pa.Table) -> bytes:
    """Digest of one group of rows."""
    digest = hashlib.sha256()
    for column in group.columns:
        for part in _parts(column.combine_chunks()):
            digest.update(part)
    return digest.digest()


def _parts(column: Any) -> Iterable[Any]:
    if isinstance(column, pa.ChunkedArray):  # without rows it stays one
        column = pa.concat_arrays(column.chunks) if column.chunks else pa.array([], column.type)
    yield _octets(column.is_valid().to_numpy(zero_copy_only=False), np.uint8)
    if pa.types.is_string(column.type):
        yield _octets(pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False), "<i4")
        yield _characters(column)
    elif pa.types.is_decimal(column.type):
        width = column.type.byte_width
        yield column.buffers()[1][column.offset * width : (column.offset + len(column)) * width]
    elif pa.types.is_boolean(column.type):
        yield _octets(pc.fill_null(column, False).to_numpy(zero_copy_only=False), np.uint8)
    else:
        numbers = column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
        filled = pc.fill_null(numbers, 0).to_numpy(zero_copy_only=False)
        yield _octets(filled, filled.dtype.newbyteorder("<"))


def _octets(numbers: Any, form: Any) -> bytes:
    return bytes(numbers.astype(form).tobytes())


def _characters(column: pa.StringArray) -> Any:
    _, ends, content = column.buffers()
    if content is None or not len(column):
        return b""
    ends = np.frombuffer(ends, np.int32)[column.offset : column.offset + len(column) + 1]
    return content[int(ends[0]) : int(ends[-1])]
