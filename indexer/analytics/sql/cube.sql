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
CREATE TABLE refund_week (       -- the amount is that of one refund
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
    confidence DOUBLE,           -- NULL where nothing is guessed
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

-- What labels are made of.
CREATE TABLE start_week (        -- the first paid inference of a payer at a prover in that week
    wk INTEGER NOT NULL, payer INTEGER NOT NULL, prover INTEGER NOT NULL,
    time_s INTEGER NOT NULL,     -- block time
    asset INTEGER NOT NULL, amount_e20 BIGINT NOT NULL, amount_e10 BIGINT NOT NULL, amount_e0 BIGINT NOT NULL
);
CREATE TABLE model_owner (       -- who registered a model
    model INTEGER NOT NULL,      -- model.id
    owner TEXT NOT NULL          -- 0x hex with checksum
);
CREATE TABLE pay_address (       -- what payers pay to; only its prover withdraws
    prover INTEGER NOT NULL, value TEXT NOT NULL
);
CREATE TABLE transfer_back (     -- tokens that went from a prover or its pay addresses to one of its payers
    payer INTEGER NOT NULL, prover INTEGER NOT NULL, asset INTEGER NOT NULL,
    from_pay_address INTEGER NOT NULL, -- 1: withdrawn by the prover; 0: sent by the prover's own account
    time_s INTEGER NOT NULL, amount_e20 BIGINT NOT NULL, amount_e10 BIGINT NOT NULL, amount_e0 BIGINT NOT NULL
);
CREATE TABLE payment (           -- all paid inferences of the pairs in transfer_back, one row for each block time
    payer INTEGER NOT NULL, prover INTEGER NOT NULL, asset INTEGER NOT NULL, time_s INTEGER NOT NULL,
    n INTEGER NOT NULL, amount_e20 BIGINT NOT NULL, amount_e10 BIGINT NOT NULL, amount_e0 BIGINT NOT NULL
);
CREATE TABLE doubt (             -- events that call settled results doubtful
    cause TEXT NOT NULL, subject TEXT NOT NULL, -- as in tainted_week
    model TEXT,                  -- of a contradiction; NULL otherwise
    since_s BIGINT NOT NULL,     -- first unix second that is doubtful
    declared_s INTEGER NOT NULL  -- block time of the event
);
CREATE TABLE recorded_week (     -- settlements of other contracts: recorded, their evidence never checked here
    wk INTEGER NOT NULL, form TEXT NOT NULL, n INTEGER NOT NULL,
    claimed BIGINT NOT NULL      -- inferences, as they say
);
CREATE TABLE health (            -- one row
    block INTEGER NOT NULL, block_time_s INTEGER NOT NULL, -- last indexed block
    final_block INTEGER, final_block_time_s INTEGER,
    inferences INTEGER NOT NULL, -- sum of the tallies of all tiers
    next_seq INTEGER NOT NULL,   -- the contract's own count, asked for when the last block was stored
    incidents INTEGER NOT NULL, open_incidents INTEGER NOT NULL,
    verified_block INTEGER, verified_at_s INTEGER, verified_digest TEXT, problems TEXT
);
