-- The cube: what all metrics are computed from. One deployment; only full weeks whose blocks are final.
-- `counted` is the tier that statistics count: `achieved`, or 1 (signed) where the evidence is labelled
-- DEVELOPMENT or UNBOUND, because then nothing but the prover's own signature stands behind the result.
CREATE TABLE week (
    wk INTEGER PRIMARY KEY,      -- (block time - 345600) / 604800
    inferences INTEGER NOT NULL  -- of all, free ones among them
);
CREATE TABLE address (id INTEGER PRIMARY KEY, value TEXT NOT NULL);  -- 0x hex with checksum
CREATE TABLE model (id INTEGER PRIMARY KEY, value TEXT NOT NULL, uri TEXT);
CREATE TABLE asset (id INTEGER PRIMARY KEY, decimals INTEGER);       -- id is address.id
CREATE TABLE settled_week (
    wk INTEGER NOT NULL,
    payer INTEGER NOT NULL,      -- address.id; 0 where nobody paid
    prover INTEGER NOT NULL,
    model INTEGER NOT NULL,
    asset INTEGER NOT NULL,
    required INTEGER NOT NULL,   -- the tier that the payer asked for at least
    achieved INTEGER NOT NULL,   -- the tier that the contract verified
    counted INTEGER NOT NULL,
    scheme INTEGER NOT NULL,
    development INTEGER NOT NULL,
    unbound INTEGER NOT NULL,
    n INTEGER NOT NULL,          -- inferences
    amount_e20 BIGINT NOT NULL, -- sum of amounts in base units: e20 * 10^20 + e10 * 10^10 + e0
    amount_e10 BIGINT NOT NULL,
    amount_e0 BIGINT NOT NULL
);
CREATE INDEX settled_week_wk ON settled_week (wk);
CREATE TABLE price_week (        -- paid rows only
    wk INTEGER NOT NULL, model INTEGER NOT NULL, asset INTEGER NOT NULL, counted INTEGER NOT NULL,
    amount_e20 BIGINT NOT NULL, amount_e10 BIGINT NOT NULL, amount_e0 BIGINT NOT NULL, -- of one inference
    n INTEGER NOT NULL
);
CREATE TABLE latency_week (      -- block time of the settlement - servedAt, in seconds
    wk INTEGER NOT NULL, achieved INTEGER NOT NULL, counted INTEGER NOT NULL,
    latency_s INTEGER NOT NULL, n INTEGER NOT NULL
);
CREATE TABLE skipped_week (      -- what was left untouched
    wk INTEGER NOT NULL, kind TEXT NOT NULL, -- receipt or group
    reason TEXT NOT NULL, n INTEGER NOT NULL
);
CREATE TABLE refund_week (
    wk INTEGER NOT NULL, payer INTEGER NOT NULL, prover INTEGER NOT NULL, asset INTEGER NOT NULL,
    n INTEGER NOT NULL, amount_e20 BIGINT NOT NULL, amount_e10 BIGINT NOT NULL, amount_e0 BIGINT NOT NULL
);
CREATE TABLE tainted_week (      -- rows of settled_week that were called doubtful later
    wk INTEGER NOT NULL, payer INTEGER NOT NULL, prover INTEGER NOT NULL, model INTEGER NOT NULL,
    asset INTEGER NOT NULL, required INTEGER NOT NULL, achieved INTEGER NOT NULL, counted INTEGER NOT NULL,
    cause TEXT NOT NULL,         -- the event: EnclaveCompromised or ContradictionShown
    subject TEXT NOT NULL,       -- its key, in 0x hex
    n INTEGER NOT NULL
);
CREATE TABLE pair_label (        -- never on a payer alone
    payer INTEGER NOT NULL, prover INTEGER NOT NULL,
    label TEXT NOT NULL,         -- self or suspected
    rule TEXT NOT NULL, version TEXT NOT NULL,
    confidence REAL,             -- NULL where nothing is guessed
    PRIMARY KEY (payer, prover, label, rule)
);
-- Paid rows; `flagged` is 1 where the pair of payer and prover has a label.
CREATE VIEW paid_week AS
SELECT s.*, CASE WHEN EXISTS (SELECT 1 FROM pair_label AS l WHERE l.payer = s.payer AND l.prover = s.prover)
            THEN 1 ELSE 0 END AS flagged
FROM settled_week AS s WHERE s.payer <> 0;
CREATE TABLE payer_week (        -- the sums of paid_week that shares are computed from; payer_week.sql fills it
    wk INTEGER NOT NULL, payer INTEGER NOT NULL, flagged INTEGER NOT NULL, counted INTEGER NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (wk, payer, flagged, counted)
);
