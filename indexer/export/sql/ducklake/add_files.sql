-- Adds the files of an export that the catalogue lacks, without copying them, in one transaction.
-- Run duckdb/views.sql and ducklake/tables.sql before this file, in the same session; one session at a time.
--
-- The files stay those of the export: do not let DuckLake compact or delete them.

BEGIN;

CREATE OR REPLACE TEMP TABLE new_file AS
FROM named_file WHERE path NOT IN (SELECT path FROM lake.added_file);

SET VARIABLE new_files = (SELECT coalesce(list(path), []) FROM new_file WHERE table_name = 'inference');
CALL ducklake_add_data_files('lake', 'inference', getvariable('new_files'));

SET VARIABLE new_files = (SELECT coalesce(list(path), []) FROM new_file WHERE table_name = 'group_settled');
CALL ducklake_add_data_files('lake', 'group_settled', getvariable('new_files'));

SET VARIABLE new_files = (SELECT coalesce(list(path), []) FROM new_file WHERE table_name = 'group_skipped');
CALL ducklake_add_data_files('lake', 'group_skipped', getvariable('new_files'));

SET VARIABLE new_files = (SELECT coalesce(list(path), []) FROM new_file WHERE table_name = 'receipt_skipped');
CALL ducklake_add_data_files('lake', 'receipt_skipped', getvariable('new_files'));

SET VARIABLE new_files = (SELECT coalesce(list(path), []) FROM new_file WHERE table_name = 'channel_refunded');
CALL ducklake_add_data_files('lake', 'channel_refunded', getvariable('new_files'));

SET VARIABLE new_files = (SELECT coalesce(list(path), []) FROM new_file WHERE table_name = 'registry_event');
CALL ducklake_add_data_files('lake', 'registry_event', getvariable('new_files'));

SET VARIABLE new_files = (SELECT coalesce(list(path), []) FROM new_file WHERE table_name = 'block');
CALL ducklake_add_data_files('lake', 'block', getvariable('new_files'));

INSERT INTO lake.added_file FROM new_file;

COMMIT;
