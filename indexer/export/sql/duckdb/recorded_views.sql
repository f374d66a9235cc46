-- Views over the foreign history of an export: the files that recorded/manifest.json names, and no others. What they
-- hold is recorded, unverified: claims of foreign contracts, and transfers of tokens.
--
-- First say where the export is:  SET VARIABLE export = '/path/to/lake';
-- Run this file again after every export. Without any foreign history the views are empty.

CREATE OR REPLACE TEMP TABLE named_recorded_file AS
SELECT file."table" AS table_name, getvariable('export') || '/' || file.path AS path, file.sha256, file.rows
FROM (
    SELECT unnest(stream.ranges).file AS file
    FROM (
        SELECT unnest(streams) AS stream
        FROM read_json(
            getvariable('export') || '/recorded/manifest.json',
            maximum_object_size = 1000000000,
            columns = {
                streams: 'STRUCT(ranges STRUCT(file STRUCT("table" VARCHAR, path VARCHAR, sha256 VARCHAR, "rows" BIGINT))[])[]'
            }
        )
    )
);

SET VARIABLE recorded_settlement_files = (
    SELECT list(path) FROM named_recorded_file WHERE table_name = 'recorded_settlement'
);
SET VARIABLE token_transfer_files = (SELECT list(path) FROM named_recorded_file WHERE table_name = 'token_transfer');

CREATE OR REPLACE TEMP VIEW recorded_settlement AS
FROM query(
    CASE WHEN getvariable('recorded_settlement_files') IS NOT NULL
        THEN 'FROM read_parquet(getvariable(''recorded_settlement_files''))'
        ELSE 'SELECT NULL::BIGINT AS chain_id, NULL::VARCHAR AS source, NULL::VARCHAR AS status,
            NULL::BIGINT AS block_number, NULL::TIMESTAMPTZ AS block_time, NULL::INTEGER AS log_index,
            NULL::VARCHAR AS transaction_hash, NULL::VARCHAR AS contract, NULL::VARCHAR AS form,
            NULL::VARCHAR AS claim, NULL::VARCHAR AS root, NULL::VARCHAR AS claimed_batch_size,
            NULL::VARCHAR AS tee_id, NULL::VARCHAR AS input_hash, NULL::VARCHAR AS output_hash,
            NULL::VARCHAR AS claimed_timestamp, NULL::VARCHAR AS payer, NULL::VARCHAR AS payee,
            NULL::VARCHAR AS asset, NULL::VARCHAR AS amount_base_units WHERE false'
    END
);

CREATE OR REPLACE TEMP VIEW token_transfer AS
FROM query(
    CASE WHEN getvariable('token_transfer_files') IS NOT NULL
        THEN 'FROM read_parquet(getvariable(''token_transfer_files''))'
        ELSE 'SELECT NULL::BIGINT AS chain_id, NULL::VARCHAR AS source, NULL::VARCHAR AS status,
            NULL::BIGINT AS block_number, NULL::TIMESTAMPTZ AS block_time, NULL::INTEGER AS log_index,
            NULL::VARCHAR AS transaction_hash, NULL::VARCHAR AS asset, NULL::VARCHAR AS sender,
            NULL::VARCHAR AS recipient, NULL::DECIMAL(38, 0) AS amount_base_units WHERE false'
    END
);
