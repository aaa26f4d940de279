#!/bin/sh
# prom-client names a counter by the registry's format: `jobs` is jobs in Prometheus's text format, jobs_total in OpenMetrics.
# When a service switches to OpenMetrics, which exemplars need, its series get new names, and queries for the old ones find
# nothing. Python's prometheus_client writes jobs_total in both. A name that ends in _total is the same everywhere.
#
# Versions: prom-client 15.1.3 (npm), prometheus_client 0.26.0 (PyPI), Node 20, Python 3.11
# Seen:
#   prom-client: text jobs sent_total; OpenMetrics jobs_total sent_total
#   prometheus_client: text jobs_total sent_total; OpenMetrics jobs_total sent_total
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init --yes >npm.log
npm install --silent prom-client@15.1.3 >>npm.log
python3 -m venv venv
venv/bin/pip install --quiet prometheus_client==0.26.0
cat >ask.cjs <<'JS'
const { Counter, Registry } = require('prom-client');

const names = async (type) => {
  const registry = new Registry(type);
  for (const name of ['jobs', 'sent_total']) new Counter({ name, help: 'h', registers: [registry] }).inc();
  return (await registry.metrics())
    .split('\n')
    .filter((line) => line && !line.startsWith('#'))
    .map((line) => line.split(' ')[0])
    .join(' ');
};
(async () => {
  const text = await names(Registry.PROMETHEUS_CONTENT_TYPE);
  console.log(`prom-client: text ${text}; OpenMetrics ${await names(Registry.OPENMETRICS_CONTENT_TYPE)}`);
})();
JS
cat >ask.py <<'PYTHON'
from prometheus_client import CollectorRegistry, Counter, generate_latest
from prometheus_client.openmetrics import exposition

registry = CollectorRegistry()
for name in ("jobs", "sent_total"):
    Counter(name, "h", registry=registry).inc()


def names(text):
    return " ".join(line.split()[0] for line in text.decode().splitlines() if line[0] != "#" and "_created" not in line)


print(f"prometheus_client: text {names(generate_latest(registry))}; OpenMetrics {names(exposition.generate_latest(registry))}")
PYTHON
seen=$(node ask.cjs && venv/bin/python ask.py)
printf '%s\n' "$seen"
[ "$seen" = "prom-client: text jobs sent_total; OpenMetrics jobs_total sent_total
prometheus_client: text jobs_total sent_total; OpenMetrics jobs_total sent_total" ]
