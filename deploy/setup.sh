#!/bin/sh
# Prepares the database: installs or upgrades the addon, then grants the sidecar's role its rights. Safe to run again. Connects
# with libpq's variables (PGHOST, PGUSER, PGPASSWORD), as a role that may create roles.
set -eu

# --init skips addons that are installed, --update skips addons that are not.
odoo --database="$ODOO_DATABASE" --init="$ODOO_MODULES" --update=api_gateway --no-http --stop-after-init

psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --set=password="$GATEWAY_DB_PASSWORD" --dbname="$ODOO_DATABASE" <<'SQL'
select 'create role api_gateway login' where not exists (select from pg_roles where rolname = 'api_gateway') \gexec
alter role api_gateway login password :'password';
alter role api_gateway set statement_timeout = '10s';
alter role api_gateway set idle_in_transaction_session_timeout = '60s';
do $$ begin perform gateway.grant_to('api_gateway'); end $$;
SQL
