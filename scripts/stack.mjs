// npm run stack -- up|down|status|reset [--json]: an instance in the background.
//
// People read stderr. With --json the last line on stdout is one object (see `Instance` in stack/instance.mjs).

import { bringUp, inspectInstance, takeDown, wipe } from './stack/instance.mjs';
import { explain, say } from './stack/report.mjs';
import { describeInstance } from './stack/screen.mjs';

const usage = `npm run stack -- <command> [--json]

  up      start everything that is not running, in the background; returns when all answers
  down    stop everything
  status  what runs; ends with 1 unless all answers
  reset   delete this clone's databases, keys and passwords, and start again

Ports: STACK_GATEWAY_PORT, STACK_ODOO_PORT, STACK_GEVENT_PORT, STACK_POSTGRES_PORT. Database: STACK_DATABASE.`;

/** @type {Record<string, () => Promise<{result: object, ok: boolean}>>} */
const commands = {
  async up() {
    const { instance } = await bringUp({ background: true });
    say(await describeInstance(instance));
    return { result: instance, ok: true };
  },
  async down() {
    await takeDown();
    return { result: { running: false }, ok: true };
  },
  async status() {
    const status = await inspectInstance();
    say(`Postgres  ${status.postgres}\nOdoo      ${status.odoo}\nSidecar   ${status.sidecar}`);
    return { result: status, ok: status.running };
  },
  async reset() {
    await wipe();
    return /** @type {() => Promise<{result: object, ok: boolean}>} */ (commands.up)();
  },
};

const words = process.argv.slice(2).filter((word) => word !== '--json');
const command = words.length === 1 ? commands[words[0] ?? ''] : undefined;
if (!command) {
  say(usage);
  process.exitCode = 2;
} else {
  try {
    const { result, ok } = await command();
    if (process.argv.includes('--json')) console.log(JSON.stringify(result));
    if (!ok) process.exitCode = 1;
  } catch (error) {
    explain(error);
    process.exitCode = 1;
  }
}
