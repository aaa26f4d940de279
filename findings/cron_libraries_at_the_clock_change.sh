#!/bin/sh
# "Daily at 02:30" where the clock changes. In Berlin there is no 02:30 on 29 March 2026, and there are two on 25 October. Four cron
# libraries give three answers: in spring, cron-parser runs the job at 03:30 and the others at 03:00. In autumn, croniter
# runs it twice and the others once.
# For "every two hours" in autumn, cron-parser skips the second 02:00; the other three do not.
#
# Versions: cron-parser 5.10.6, croner 11.0.1 (npm); croniter 7.0.0, cronsim 2.8 (PyPI), Python 3.11, Node 20
# Seen (times in UTC; Berlin is at +2 in summer, +1 in winter):
#   cron-parser: spring 29T01:30; autumn 25T00:30 26T01:30; every two hours 25T00:00 25T03:00
#   croner: spring 29T01:00; autumn 25T00:30 26T01:30; every two hours 25T00:00 25T01:00
#   croniter: spring 29T01:00; autumn 25T00:30 25T01:30; every two hours 25T00:00 25T01:00
#   cronsim: spring 29T01:00; autumn 25T00:30 26T01:30; every two hours 25T00:00 25T01:00
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent cron-parser@5.10.6 croner@11.0.1 >>npm.log
python3 -m venv venv
venv/bin/pip install --quiet croniter==7.0.0 cronsim==2.8 tzdata==2026.6
cat >ask.mjs <<'JS'
import { Cron } from 'croner';
import { CronExpressionParser } from 'cron-parser';

const tz = 'Europe/Berlin';
const libraries = {
  'cron-parser': (line, from, count) =>
    CronExpressionParser.parse(line, { currentDate: from, tz })
      .take(count)
      .map((each) => each.toDate()),
  croner: (line, from, count) => new Cron(line, { timezone: tz, paused: true }).nextRuns(count, from),
};
for (const [name, runs] of Object.entries(libraries)) {
  const shown = (line, from, count) =>
    runs(line, new Date(from), count)
      .map((time) => time.toISOString().slice(8, 16))
      .join(' ');
  const spring = shown('30 2 * * *', '2026-03-28T12:00:00Z', 1);
  const autumn = shown('30 2 * * *', '2026-10-24T12:00:00Z', 2);
  console.log(`${name}: spring ${spring}; autumn ${autumn}; every two hours ${shown('0 */2 * * *', '2026-10-24T23:30:00Z', 2)}`);
}
JS
cat >ask.py <<'PYTHON'
from datetime import datetime, timezone
from itertools import islice
from zoneinfo import ZoneInfo

from croniter import croniter
from cronsim import CronSim


def of_croniter(line, start):
    runs = croniter(line, start)
    while True:
        yield runs.get_next(datetime)


for name, library in (("croniter", of_croniter), ("cronsim", CronSim)):

    def shown(line, start, count):
        local = datetime.fromisoformat(start).astimezone(ZoneInfo("Europe/Berlin"))
        return " ".join(f"{run.astimezone(timezone.utc):%dT%H:%M}" for run in islice(library(line, local), count))

    spring = shown("30 2 * * *", "2026-03-28T12:00:00+00:00", 1)
    autumn = shown("30 2 * * *", "2026-10-24T12:00:00+00:00", 2)
    print(f"{name}: spring {spring}; autumn {autumn}; every two hours {shown('0 */2 * * *', '2026-10-24T23:30:00+00:00', 2)}")
PYTHON
seen=$(node ask.mjs && venv/bin/python ask.py)
printf '%s\n' "$seen"
[ "$seen" = "cron-parser: spring 29T01:30; autumn 25T00:30 26T01:30; every two hours 25T00:00 25T03:00
croner: spring 29T01:00; autumn 25T00:30 26T01:30; every two hours 25T00:00 25T01:00
croniter: spring 29T01:00; autumn 25T00:30 25T01:30; every two hours 25T00:00 25T01:00
cronsim: spring 29T01:00; autumn 25T00:30 26T01:30; every two hours 25T00:00 25T01:00" ]
