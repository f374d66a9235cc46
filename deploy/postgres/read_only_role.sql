-- A role for analysts: it can read the views of public_v1 and nothing else, and can write nothing.
--
-- Run it in the indexer's database, as a superuser, after `veritally-indexer sync` or `run` has made the views:
--   psql --dbname veritally --set ON_ERROR_STOP=1 --file deploy/postgres/read_only_role.sql
-- It may be run again. The role has no password yet, so nobody can log in with one: set it in psql with
--   \password veritally_reader

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'veritally_reader') THEN
        CREATE ROLE veritally_reader;
    END IF;
END $$;
ALTER ROLE veritally_reader WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS
    NOINHERIT CONNECTION LIMIT 20;

-- What a session starts with. A session may change these for itself; the rights below it cannot.
ALTER ROLE veritally_reader SET default_transaction_read_only = on;
ALTER ROLE veritally_reader SET statement_timeout = '10s';
ALTER ROLE veritally_reader SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE veritally_reader SET search_path = public_v1;

-- What every role may do by default, and a reader has no use for: temporary tables, functions and tables of the
-- indexer's schema, and large objects.
DO $$
BEGIN
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, veritally_reader;
REVOKE EXECUTE ON FUNCTION
    lo_creat(integer), lo_create(oid), lo_from_bytea(oid, bytea), lo_open(oid, integer), lowrite(integer, bytea)
    FROM PUBLIC;

GRANT USAGE ON SCHEMA public_v1 TO veritally_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA public_v1 TO veritally_reader;

-- The same for views that a later version of the indexer adds.
DO $$
BEGIN
    EXECUTE format(
        'ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public_v1 GRANT SELECT ON TABLES TO veritally_reader',
        (SELECT nspowner::regrole::text FROM pg_namespace WHERE nspname = 'public_v1')
    );
END $$;
