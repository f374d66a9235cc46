import { onchainTable } from "ponder";

export const inference = onchainTable("inference", (t) => ({
  id: t.text().primaryKey(),
  receiptHash: t.hex().notNull(),
  payer: t.hex().notNull(),
  prover: t.hex().notNull(),
  modelId: t.hex().notNull(),
  asset: t.hex().notNull(),
  tier: t.integer().notNull(),
  requestHash: t.hex().notNull(),
  responseHash: t.hex().notNull(),
  terms: t.bigint().notNull(),
  block: t.bigint().notNull(),
}));
