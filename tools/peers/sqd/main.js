"use strict";

const { readFileSync } = require("node:fs");
const { event, indexed, keccak256 } = require("@subsquid/evm-abi");
const codec = require("@subsquid/evm-codec");
const { EvmBatchProcessor } = require("@subsquid/evm-processor");
const { TypeormDatabase } = require("@subsquid/typeorm-store");
const { Client } = require("pg");
const { Inference } = require("./lib/model");

const entry = JSON.parse(readFileSync(process.env.ABI, "utf8")).find((e) => e.name === "InferenceSettled");
const signature = `${entry.name}(${entry.inputs.map((input) => input.type).join(",")})`;
const fields = entry.inputs.map((input) => {
  const type = codec[input.type];
  return [input.name, input.indexed ? indexed(type) : type];
});
const topic = `0x${keccak256(signature).toString("hex")}`;
const settled = event(topic, signature, Object.fromEntries(fields));

const processor = new EvmBatchProcessor()
  .setRpcEndpoint({ url: process.env.RPC_URL })
  .setFinalityConfirmation(64)
  .setBlockRange({ from: 1, to: Number(process.env.LAST_BLOCK) })
  .addLog({ address: [process.env.SETTLEMENT.toLowerCase()], topic0: [settled.topic] });

async function createTable() {
  const text = ["receipt_hash", "payer", "prover", "model_id", "asset", "request_hash", "response_hash", "terms"];
  const columns = ["id text PRIMARY KEY", ...text.map((name) => `${name} text NOT NULL`)];
  const client = new Client(process.env.DATABASE_URL);
  await client.connect();
  await client.query(
    `CREATE TABLE inference (${columns.join(", ")}, tier int4 NOT NULL, block int4 NOT NULL)`,
  );
  await client.end();
}

async function store(context) {
  const rows = [];
  for (const block of context.blocks) {
    for (const log of block.logs) {
      const { terms, ...values } = settled.decode(log);
      rows.push(new Inference({ id: log.id, block: block.header.height, terms: terms.toString(), ...values }));
    }
  }
  await context.store.insert(rows);
}

createTable().then(() => processor.run(new TypeormDatabase({ supportHotBlocks: false }), store));
