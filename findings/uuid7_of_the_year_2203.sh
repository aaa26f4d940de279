#!/bin/sh
# A UUID of version 7 begins with 48 bits of milliseconds since 1970 (RFC 9562, section 5.7). PyPI's uuid7 and uuid-v7 write
# seconds and fractions there, as an early draft did, but set the same version: read by the standard, their UUIDs of November 2026
# date from 2203. They sort after those of every other library, and databases that extract the time from them get it wrong. uuid6
# and npm's uuidv7 follow the standard.
#
# Versions: uuid7 0.1.0, uuid-v7 1.0.0, uuid6 2025.0.1 (PyPI), uuidv7 1.2.1 (npm), Python 3.11, Node 20
# Seen, in years from now:
#   uuid7: version 7, 176 years ahead or more
#   uuid-v7: version 7, 176 years ahead or more
#   uuid6: version 7, 0 years ahead
#   uuidv7: version 7, 0 years ahead
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent uuidv7@1.2.1 >>npm.log
python3 -m venv venv
venv/bin/pip install --quiet uuid7==0.1.0 uuid-v7==1.0.0 uuid6==2025.0.1
cat >ask.py <<'PYTHON'
import subprocess
import time
import uuid

import uuid6
import uuid_extensions
from uuid_v7.base import uuid7 as of_uuid_v7

made = {
    "uuid7": uuid_extensions.uuid7(),
    "uuid-v7": of_uuid_v7(),
    "uuid6": uuid6.uuid7(),
    "uuidv7": subprocess.check_output(["node", "-p", "require('uuidv7').uuidv7()"], text=True).strip(),
}
for name, value in made.items():
    value = uuid.UUID(str(value))
    years = ((value.int >> 80) / 1000 - time.time()) / (365.2425 * 86400)
    print(f"{name}: version {value.version}, {'176 years ahead or more' if years > 176 else f'{abs(round(years))} years ahead'}")
PYTHON
seen=$(venv/bin/python ask.py)
printf '%s\n' "$seen"
[ "$seen" = 'uuid7: version 7, 176 years ahead or more
uuid-v7: version 7, 176 years ahead or more
uuid6: version 7, 0 years ahead
uuidv7: version 7, 0 years ahead' ]
