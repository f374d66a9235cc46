"""How providers and nodes refuse a range of blocks. Limits are small here, so that any chain meets them."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.chaos.fault import Ask, Call, Fault, FaultKind, Json, Reply, error, params, through
from indexer.chaos.views import LOGS

_MOST_BLOCKS = 7


@dataclass(frozen=True)
class Dialect:
    """One way to say that a range is too large."""

    name: str
    who: str
    code: int
    message: str
    """`{first}`, `{last}` and `{blocks}` are of the request, `{fits}` is the last block that would do."""
    status: int = 200
    data: str | None = None


DIALECTS = (
    Dialect(
        "alchemy",
        "Alchemy",
        -32602,
        "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no "
        "limit on the response size, or you can request any block range with a cap of 10K logs in the "
        "response. Based on your parameters and the response size limit, this block range should work: "
        "[{first:#x}, {fits:#x}]",
    ),
    Dialect(
        "alchemy-free",
        "Alchemy's free plan",
        -32600,
        "Under the Free tier plan, you can make eth_getLogs requests with up to a {most} block range.",
    ),
    Dialect(
        "infura",
        "Infura, by results",
        -32005,
        "query returned more than 10000 results. Try with this block range [{first:#X}, {fits:#X}].",
        data='{"from":"{first:#X}","limit":10000,"to":"{fits:#X}"}',
    ),
    Dialect("infura-range", "Infura, by blocks", -32602, "range {blocks} exceeds limit of {most}"),
    Dialect(
        "quicknode",
        "QuickNode",
        -32602,
        "eth_getLogs and eth_newFilter are limited to a {most} blocks range",
        status=413,
    ),
    Dialect("base", "Base, Monad", -32614, "eth_getLogs is limited to a {most} range"),
    Dialect("ankr", "Ankr", -32600, "block range is too wide"),
    Dialect(
        "blast",
        "Blast, reth by results",
        -32602,
        "query exceeds max results 20000, retry with the range {first}-{fits}",
    ),
    Dialect("reth", "reth by blocks", -32602, "query exceeds max block range {most}"),
    Dialect(
        "chainstack",
        "Chainstack",
        -32602,
        "Block range limit exceeded. See more details in the documentation",
    ),
    Dialect("chainstack-slow", "Chainstack, Blockdaemon", -32002, "request timed out"),
    Dialect("drpc", "dRPC", 35, "ranges over {most} blocks are not supported on freetier"),
    Dialect(
        "cloudflare",
        "Cloudflare",
        -32047,
        "Invalid eth_getLogs request. 'fromBlock'-'toBlock' range too large. Max range: {most}",
    ),
    Dialect(
        "blockpi",
        "BlockPI",
        -32602,
        "eth_getLogs is limited to {most} block range. Please check the parameters",
    ),
    Dialect("1rpc", "1RPC", -32602, "eth_getLogs is limited to 0 - {most} blocks range"),
    Dialect("publicnode", "PublicNode, BNB chain", -32701, "exceed maximum block range: {most}"),
    Dialect(
        "tenderly",
        "Tenderly",
        -32602,
        "invalid params",
        data="range {blocks} is bigger than range limit {most}",
    ),
    Dialect(
        "zksync",
        "zkSync",
        -32602,
        "Query returned more than 10000 results. Try with this block range [{first:#x}, {fits:#x}].",
    ),
    Dialect("geth", "geth, Arbitrum", -32000, "logs matched by query exceeds limit of 10000"),
    Dialect("erigon", "Erigon", -32000, "query block range exceeds server limit, narrow your filter: {most}"),
    Dialect("nethermind", "Nethermind", -32005, "Too many logs requested. Max logs per response is 20000."),
    Dialect("besu", "Besu", -32005, "Requested range exceeds maximum RPC range limit"),
    Dialect(
        "avalanche",
        "Avalanche",
        -32000,
        "requested too many blocks from {first} to {last}, maximum is set to {most}",
    ),
    Dialect("cronos", "Cronos, Kava", -32000, "maximum [from, to] blocks distance: {most}"),
    Dialect("moonbeam", "Moonbeam", -32603, "block range is too wide (maximum {most})"),
    Dialect("xlayer", "X Layer", -32602, "block range greater than {most} max", status=400),
)


class RangeRefused(Fault):
    """Refuses `eth_getLogs` over more than `number` blocks in a provider's own words."""

    def __init__(self, dialect: Dialect, number: int, seed: int) -> None:
        super().__init__(number, seed)
        self._dialect = dialect

    def answers(self, call: Call, ask: Ask) -> list[Json]:
        """An error for each range that is too large."""
        return through(call.requests, ask, self._before)

    def reply(self, call: Call, reply: Reply) -> Reply:
        """With the provider's HTTP status."""
        if self._dialect.status == 200 or not any(map(self._is_refused, call.requests)):
            return reply
        return Reply(reply.body, self._dialect.status)

    def _before(self, request: Json) -> Json:
        if not self._is_refused(request):
            return request
        first, last = _range(request)
        given = {"most": self.number, "first": first, "last": last, "blocks": last - first + 1}
        given["fits"] = first + self.number - 1
        more = {} if self._dialect.data is None else {"data": _filled(self._dialect.data, given)}
        return error(request, self._dialect.code, _filled(self._dialect.message, given), **more)

    def _is_refused(self, request: Json) -> bool:
        first, last = _range(request)
        return last - first >= self.number


def _range(request: Json) -> tuple[int, int]:
    """Of a request with two numbers; else one block."""
    given = params(request)
    if request["method"] == LOGS and given:
        ends = [given[0].get(name, "") for name in ("fromBlock", "toBlock")]
        if all(isinstance(end, str) and end.startswith("0x") for end in ends):
            return int(ends[0], 16), int(ends[1], 16)
    return 0, 0


def _filled(text: str, given: dict[str, int]) -> str:
    """The text with its numbers; other braces stay."""
    for name, number in given.items():
        for form in ("", ":#x", ":#X"):
            text = text.replace(f"{{{name}{form}}}", format(number, form[1:]))
    return text


def _kind(dialect: Dialect) -> FaultKind:
    return FaultKind(
        f"range-{dialect.name}",
        f"more than {{n}} blocks are refused in the words of {dialect.who}",
        lambda number, seed: RangeRefused(dialect, number, seed),
        _MOST_BLOCKS,
    )


DIALECT_FAULTS = tuple(map(_kind, DIALECTS))
"""One for each dialect."""
