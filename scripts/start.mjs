// npm start: a whole instance in the foreground; Ctrl-C stops everything that it started.

import { readFileSync } from 'node:fs';
import { bringUp, stopIdleCluster } from './stack/instance.mjs';
import { stopOwn } from './stack/processes.mjs';
import { explain, Failure, say } from './stack/report.mjs';
import { describeInstance } from './stack/screen.mjs';

/** Set by the first signal. npm and the terminal may both send one, so further signals within a second are ignored. */
const stopRequested = new Promise((/** @type {(signal: NodeJS.Signals) => void} */ resolve) => {
  let firstAt = 0;
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (firstAt && Date.now() - firstAt > 1000) process.exit(130);
      firstAt ||= Date.now();
      resolve(signal);
    });
  }
});

process.stderr.on('error', () => {}); // if the terminal is closed, this must still stop its processes

try {
  await main();
} catch (error) {
  explain(error);
  await stopOwn();
  await stopIdleCluster();
  process.exitCode = 1;
}

async function main() {
  const up = await Promise.race([bringUp({ background: false }), stopRequested]);
  if (typeof up === 'string') return stopAll(130);
  say(await describeInstance(up.instance));
  if (up.started.length === 0) return say('It was running already. `npm run stack -- down` stops it.');
  say('Ctrl-C stops it.');
  const end = await Promise.race([stopRequested, ...up.started.map((running) => running.exited.then(() => running))]);
  if (typeof end === 'string') return stopAll(0);
  const tail = readFileSync(end.log, 'utf8').trim().split('\n').slice(-25).join('\n');
  explain(new Failure(`The process at ${end.url} has ended by itself.`, { tail, log: end.log, hint: 'Run `npm start` again.' }));
  await stopAll(1);
}

/** Exits, because a step that is still running must not continue. @param {number} code */
async function stopAll(code) {
  say('\nStopping.');
  await stopOwn();
  const all = await stopIdleCluster();
  say(
    all ? 'Everything is stopped.' : 'Everything that this run started is stopped. Postgres keeps running for another program.',
  );
  process.exit(code);
}
