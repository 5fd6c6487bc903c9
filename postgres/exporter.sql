-- The role that the exporter reads statistics with, and what counts statements. Run by psql: as a container's first start does, or by
-- hand, as often as you like; then it sets the password anew.
\set ON_ERROR_STOP on
\set exporter_password `cat "/etc/burnrate/secrets/postgres_exporter_password"`

-- The password is in a statement below; no log may repeat it.
SET log_statement = 'none';
SET log_min_duration_statement = -1;
SET log_min_error_statement = 'panic';

SELECT 'CREATE ROLE exporter'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'exporter')
\gexec
ALTER ROLE exporter WITH LOGIN CONNECTION LIMIT 5 PASSWORD :'exporter_password';
GRANT pg_monitor TO exporter;

-- What statements cost; shared_preload_libraries names it as well. In the database that the exporter connects to.
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
