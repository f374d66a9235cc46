// Pays as the official TypeScript client of x402 does: reads a 402 answer (JSON) from standard input and prints the
// payment payload (JSON). Everything is left at the client's defaults. The key comes from PAYER_KEY; with RPC_URL the
// client reads the chain, as it must for allowances and for channels that it opened before.
import { readFileSync } from "node:fs";

import { x402Client } from "@x402/core/client";
import { toClientEvmSigner } from "@x402/evm";
import { BatchSettlementEvmScheme } from "@x402/evm/batch-settlement/client";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { createPublicClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const account = privateKeyToAccount(process.env.PAYER_KEY);
const rpcUrl = process.env.RPC_URL;
const chain = rpcUrl ? createPublicClient({ transport: http(rpcUrl) }) : undefined;
const signer = toClientEvmSigner(account, chain);
const client = new x402Client();
for (const Scheme of [UptoEvmScheme, BatchSettlementEvmScheme, ExactEvmScheme]) {
  client.register("eip155:*", new Scheme(signer));
}

const paymentRequired = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(await client.createPaymentPayload(paymentRequired)));
