import { readFileSync } from "node:fs";
import { createConfig } from "ponder";

export default createConfig({
  database: { kind: "postgres", connectionString: process.env.DATABASE_URL },
  chains: { replay: { id: Number(process.env.CHAIN_ID), rpc: process.env.RPC_URL } },
  contracts: {
    Settlement: {
      abi: JSON.parse(readFileSync(process.env.ABI!, "utf8")),
      chain: "replay",
      address: process.env.SETTLEMENT as `0x${string}`,
      startBlock: 1,
      endBlock: Number(process.env.LAST_BLOCK),
    },
  },
});
