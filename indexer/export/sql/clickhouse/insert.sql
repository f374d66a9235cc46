-- Takes one file of an export. Parameters: `table`, and `path` of the file below the server's folder for files
-- (or read it from a bucket: put `s3(...)` in place of `file(...)`).
--
-- Set `insert_deduplication_token` to the file's SHA-256 from the manifest: a file that comes again then
-- changes neither the table nor the roll-up. One thread: so a file has the same blocks every time.

INSERT INTO {table:Identifier}
SELECT * FROM file({path:String}, Parquet)
SETTINGS
    deduplicate_blocks_in_dependent_materialized_views = 1,
    max_threads = 1,
    max_insert_threads = 1;
