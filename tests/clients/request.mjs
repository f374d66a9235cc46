// Sends requests to a paid resource as the official TypeScript client of x402 does, one after the other: reads
// {url, content, count, scheme} from standard input and prints the replies (JSON). Only the scheme is chosen, by
// registering no other. The key comes from PAYER_KEY; with RPC_URL the client reads the chain.
import { readFileSync } from "node:fs";

import { x402Client, x402HTTPClient } from "@x402/core/client";
import { toClientEvmSigner } from "@x402/evm";
import { BatchSettlementEvmScheme } from "@x402/evm/batch-settlement/client";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { createPublicClient, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const SCHEMES = { upto: UptoEvmScheme, "batch-settlement": BatchSettlementEvmScheme, exact: ExactEvmScheme };
const { url, content, count, scheme } = JSON.parse(readFileSync(0, "utf8"));
const rpcUrl = process.env.RPC_URL;
const chain = rpcUrl ? createPublicClient({ transport: http(rpcUrl) }) : undefined;
const signer = toClientEvmSigner(privateKeyToAccount(process.env.PAYER_KEY), chain);
const client = new x402Client().register("eip155:*", new SCHEMES[scheme](signer));
const paying = new x402HTTPClient(client);

const send = headers =>
  fetch(url, { method: "POST", headers: { "Content-Type": "application/json", ...headers }, body: content });

async function pay(unpaid) {
  const required = paying.getPaymentRequiredResponse(name => unpaid.headers.get(name), await unpaid.json());
  const payload = await paying.createPaymentPayload(required);
  const reply = await send(paying.encodePaymentSignatureHeader(payload));
  const { recovered } = await paying.processPaymentResult(payload, name => reply.headers.get(name), reply.status);
  return { reply, recovered };
}

async function ask() {
  let { reply, recovered } = await pay(await send({}));
  if (recovered) ({ reply } = await pay(await send({})));
  const headers = Object.fromEntries(reply.headers);
  return { status: reply.status, headers, body: await reply.json() };
}

const replies = [];
for (let number = 0; number < count; number += 1) replies.push(await ask());
console.log(JSON.stringify(replies));
