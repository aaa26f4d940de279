#!/bin/sh
# One crontab line, three meanings. `0 0 */2 * 1` sets a day of the month and a weekday. Cron itself joins the two with "or", but
# with "and" as soon as one of them starts with a star. cronsim does the same: Mondays with an odd date. cron-parser, croner and
# croniter treat `*/2` as a list of days: every odd date, and every Monday. APScheduler's from_crontab joins with "and" and counts
# weekdays from Monday = 0, so 1 is Tuesday.
#
# Versions: cron-parser 5.10.6, croner 11.0.1 (npm); croniter 7.0.0, cronsim 2.8, APScheduler 3.11.3 (PyPI), Python 3.11, Node 20
# Seen (in UTC, from 29 May 2026, a Friday):
#   cron-parser: Sun 31, Mon 01, Wed 03
#   croner: Sun 31, Mon 01, Wed 03
#   croniter: Sun 31, Mon 01, Wed 03
#   cronsim: Mon 01, Mon 15, Mon 29
#   APScheduler: Tue 09, Tue 23, Tue 07
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent cron-parser@5.10.6 croner@11.0.1 >>npm.log
python3 -m venv venv
venv/bin/pip install --quiet croniter==7.0.0 cronsim==2.8 APScheduler==3.11.3
cat >ask.mjs <<'JS'
import { Cron } from 'croner';
import { CronExpressionParser } from 'cron-parser';

const line = '0 0 */2 * 1';
const from = new Date('2026-05-29T12:00:00Z');
const shown = (times) => times.map((time) => `${time.toUTCString().slice(0, 3)} ${time.toISOString().slice(8, 10)}`).join(', ');
const parsed = CronExpressionParser.parse(line, { currentDate: from, tz: 'UTC' }).take(3);
console.log(`cron-parser: ${shown(parsed.map((each) => each.toDate()))}`);
console.log(`croner: ${shown(new Cron(line, { timezone: 'UTC', paused: true }).nextRuns(3, from))}`);
JS
cat >ask.py <<'PYTHON'
from datetime import datetime, timedelta, timezone
from itertools import islice

from apscheduler.triggers.cron import CronTrigger
from croniter import croniter
from cronsim import CronSim

LINE = "0 0 */2 * 1"
START = datetime(2026, 5, 29, 12, tzinfo=timezone.utc)


def of_croniter():
    runs = croniter(LINE, START)
    while True:
        yield runs.get_next(datetime)


def of_apscheduler():
    trigger, now = CronTrigger.from_crontab(LINE, timezone=timezone.utc), START
    while True:
        run = trigger.get_next_fire_time(None, now)
        yield run
        now = run + timedelta(seconds=1)


for name, runs in (("croniter", of_croniter()), ("cronsim", CronSim(LINE, START)), ("APScheduler", of_apscheduler())):
    print(f"{name}: {', '.join(f'{run:%a %d}' for run in islice(runs, 3))}")
PYTHON
seen=$(node ask.mjs && venv/bin/python ask.py)
printf '%s\n' "$seen"
[ "$seen" = "cron-parser: Sun 31, Mon 01, Wed 03
croner: Sun 31, Mon 01, Wed 03
croniter: Sun 31, Mon 01, Wed 03
cronsim: Mon 01, Mon 15, Mon 29
APScheduler: Tue 09, Tue 23, Tue 07" ]
