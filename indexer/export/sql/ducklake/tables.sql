-- Tables of a DuckLake catalogue for an export, empty at first. Run duckdb/views.sql before this file.
--
-- The catalogue is attached as `lake`, for example in the Postgres that runs already:
--   ATTACH 'ducklake:postgres:dbname=lake' AS lake (DATA_PATH '/path/to/data');

CREATE TABLE IF NOT EXISTS lake.inference AS FROM inference LIMIT 0;
CREATE TABLE IF NOT EXISTS lake.group_settled AS FROM group_settled LIMIT 0;
CREATE TABLE IF NOT EXISTS lake.group_skipped AS FROM group_skipped LIMIT 0;
CREATE TABLE IF NOT EXISTS lake.receipt_skipped AS FROM receipt_skipped LIMIT 0;
CREATE TABLE IF NOT EXISTS lake.channel_refunded AS FROM channel_refunded LIMIT 0;
CREATE TABLE IF NOT EXISTS lake.registry_event AS FROM registry_event LIMIT 0;
CREATE TABLE IF NOT EXISTS lake.block AS FROM block LIMIT 0;
-- Files that the catalogue holds. DuckLake itself would take a file twice.
CREATE TABLE IF NOT EXISTS lake.added_file AS FROM named_file LIMIT 0;
