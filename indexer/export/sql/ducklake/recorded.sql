-- Tables of a DuckLake catalogue for the foreign history of an export, which is recorded, unverified, and those files
-- that the catalogue lacks. Run duckdb/recorded_views.sql and tables.sql before this file, in the same session; one
-- session at a time.

BEGIN;

CREATE TABLE IF NOT EXISTS lake.recorded_settlement AS FROM recorded_settlement LIMIT 0;
CREATE TABLE IF NOT EXISTS lake.token_transfer AS FROM token_transfer LIMIT 0;

CREATE OR REPLACE TEMP TABLE new_file AS
FROM named_recorded_file WHERE path NOT IN (SELECT path FROM lake.added_file);

SET VARIABLE new_files = (SELECT coalesce(list(path), []) FROM new_file WHERE table_name = 'recorded_settlement');
CALL ducklake_add_data_files('lake', 'recorded_settlement', getvariable('new_files'));

SET VARIABLE new_files = (SELECT coalesce(list(path), []) FROM new_file WHERE table_name = 'token_transfer');
CALL ducklake_add_data_files('lake', 'token_transfer', getvariable('new_files'));

INSERT INTO lake.added_file FROM new_file;

COMMIT;
