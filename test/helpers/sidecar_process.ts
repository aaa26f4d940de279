// A sidecar for tests of its start, failure or stop. (The stack's own `startSidecar` waits until it is ready.)

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { freePort } from '../../scripts/stack/ports.mjs';
import { nodeBin } from '../../scripts/stack/sidecar.mjs';
import { HttpClient } from './http_client.ts';

const main = join(import.meta.dirname, '../../sidecar/src/main.ts');

export class SidecarProcess extends HttpClient {
  readonly #child: ReturnType<typeof spawn>;
  /** Everything that it has printed so far. */
  output = '';
  readonly exited: Promise<number | null>;

  private constructor(url: string, child: ReturnType<typeof spawn>) {
    super(url);
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text;
      });
    }
    this.exited = once(child, 'close').then(([code]) => code as number | null);
  }

  /** Does not wait for anything: the process may never listen. @param file main.ts of another source tree */
  static async spawn(env: Record<string, string>, file = main): Promise<SidecarProcess> {
    const port = await freePort();
    const child = spawn(nodeBin(), [file], {
      env: { ...process.env, GATEWAY_HOST: '127.0.0.1', GATEWAY_PORT: String(port), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return new SidecarProcess(`http://127.0.0.1:${port}`, child);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The answer of /readyz; undefined while nothing listens. */
  async readiness(): Promise<{ status: number; json: { status: string; databases: Record<string, unknown> } } | undefined> {
    try {
      const { status, json } = await this.get('/readyz');
      return { status, json };
    } catch {
      return undefined;
    }
  }
}
