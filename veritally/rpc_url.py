"""RPC URLs: providers put access keys into them."""

from __future__ import annotations

from urllib.parse import urlsplit

SHORTEST_KEY = 8


def host_of(url: str) -> str:
    """Host and port of an RPC URL: what may be shown of it."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if host is None:
        return "the RPC URL (write it as http(s)://host[:port][/path])"
    return f"{host}:{port}" if port else host


def redact(url: str, text: str) -> str:
    """`text`, for example what a node says, without the parts of `url` that may be keys."""
    parts = urlsplit(url)
    pieces = [
        *parts.path.split("/"),
        *parts.query.replace("=", "&").split("&"),
        parts.username,
        parts.password,
    ]
    for piece in pieces:
        if piece and len(piece) >= SHORTEST_KEY:
            text = text.replace(piece, "***")
    return text
