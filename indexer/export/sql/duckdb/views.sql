-- Views over an export: the files that its manifest names, and no others.
--
-- First say where the export is:  SET VARIABLE export = '/path/to/lake';
-- Run this file again after every export.

CREATE OR REPLACE TEMP TABLE named_file AS
SELECT file."table" AS table_name, getvariable('export') || '/' || file.path AS path, file.sha256, file.rows
FROM (
    SELECT unnest(range.files) AS file
    FROM (
        SELECT unnest(deployment.ranges) AS range
        FROM (
            SELECT unnest(deployments) AS deployment
            FROM read_json(getvariable('export') || '/manifest.json', maximum_object_size = 1000000000)
        )
    )
);

-- How far each deployment is exported. The time is that of the last exported block, which may have no event; NULL where
-- the manifest does not tell, because a run ended before its last range.
CREATE OR REPLACE TEMP TABLE exported_deployment AS
SELECT deployment.chain_id, deployment.settlement, deployment.ranges[-1].to_block AS to_block, deployment.block_time_s,
    deployment.pay_address_factory, deployment.pay_address_implementation
FROM (
    SELECT unnest(deployments) AS deployment
    FROM read_json(
        getvariable('export') || '/manifest.json',
        maximum_object_size = 1000000000,
        columns = {
            deployments: 'STRUCT(chain_id BIGINT, settlement VARCHAR, ranges STRUCT(to_block BIGINT)[], block_time_s BIGINT, pay_address_factory VARCHAR, pay_address_implementation VARCHAR)[]'
        }
    )
);

SET VARIABLE inference_files = (SELECT list(path) FROM named_file WHERE table_name = 'inference');
SET VARIABLE group_settled_files = (SELECT list(path) FROM named_file WHERE table_name = 'group_settled');
SET VARIABLE group_skipped_files = (SELECT list(path) FROM named_file WHERE table_name = 'group_skipped');
SET VARIABLE receipt_skipped_files = (SELECT list(path) FROM named_file WHERE table_name = 'receipt_skipped');
SET VARIABLE channel_refunded_files = (SELECT list(path) FROM named_file WHERE table_name = 'channel_refunded');
SET VARIABLE registry_event_files = (SELECT list(path) FROM named_file WHERE table_name = 'registry_event');
SET VARIABLE block_files = (SELECT list(path) FROM named_file WHERE table_name = 'block');

-- The same time without a zone, in UTC: days and weeks do not depend on where a session runs.
CREATE OR REPLACE TEMP MACRO utc(t) AS make_timestamp_ms(epoch_ms(t));

CREATE OR REPLACE TEMP VIEW inference AS FROM read_parquet(getvariable('inference_files'));
CREATE OR REPLACE TEMP VIEW group_settled AS FROM read_parquet(getvariable('group_settled_files'));
CREATE OR REPLACE TEMP VIEW group_skipped AS FROM read_parquet(getvariable('group_skipped_files'));
CREATE OR REPLACE TEMP VIEW receipt_skipped AS FROM read_parquet(getvariable('receipt_skipped_files'));
CREATE OR REPLACE TEMP VIEW channel_refunded AS FROM read_parquet(getvariable('channel_refunded_files'));
CREATE OR REPLACE TEMP VIEW registry_event AS FROM read_parquet(getvariable('registry_event_files'));
CREATE OR REPLACE TEMP VIEW block AS FROM read_parquet(getvariable('block_files'));
