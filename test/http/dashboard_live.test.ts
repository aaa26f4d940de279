// The live figures over the WebSocket: access, contents, and sums over sidecars.

import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Sidecar } from '../helpers/instance.ts';
import { OdooWeb } from '../helpers/odoo_web.ts';
import { useInstance } from '../helpers/use_instance.ts';
import { until } from '../helpers/wait.ts';

const gateway = await useInstance();
const admin = await OdooWeb.login(gateway);
const origin = gateway.odoo.url;

interface Ticket {
  ticket: string;
  database: string;
  urls: string[];
}

interface Message {
  id: number;
  message: { type: string; payload: Record<string, unknown> };
}

const opened: Watch[] = [];
afterEach(() => {
  for (const watch of opened.splice(0)) watch.socket.terminate();
});

/** A browser's socket, and its messages. */
class Watch {
  readonly socket: WebSocket;
  readonly heard: Message[] = [];
  closed: number | undefined;

  constructor(sidecar: { url: string }, hello: object | undefined, pageOrigin: string, headers = {}) {
    this.socket = new WebSocket(`${sidecar.url.replace('http', 'ws')}/api/live`, { origin: pageOrigin, headers });
    this.socket.on('open', () => hello && this.socket.send(JSON.stringify({ event: 'subscribe', data: hello })));
    this.socket.on('message', (text) => this.heard.push(...(JSON.parse(String(text)) as Message[])));
    this.socket.on('close', (code) => {
      this.closed = code;
    });
    this.socket.on('error', () => {});
    opened.push(this);
  }

  of(type: string): Record<string, unknown>[] {
    return this.heard.filter(({ message }) => message.type === `gateway.${type}`).map(({ message }) => message.payload);
  }

  requests(channel = 'traffic'): number {
    return this.of('traffic')
      .filter((payload) => payload['channel'] === channel)
      .reduce((sum, payload) => sum + Number(payload['requests']), 0);
  }

  greeted(): Promise<number> {
    return until('the socket is greeted', () => this.of('hello').length > 0);
  }
}

function ticketOf(web: OdooWeb): Promise<Ticket> {
  return web.post<Ticket>('/api_gateway/live_ticket', {}, { Origin: origin });
}

async function watch(web: OdooWeb, more: object = {}, sidecar: Sidecar = gateway.sidecar): Promise<Watch> {
  const { ticket, database } = await ticketOf(web);
  const opening = new Watch(sidecar, { ticket, database, channels: ['traffic'], ...more }, origin);
  await opening.greeted();
  return opening;
}

async function ping(times: number, key: string, sidecar: Sidecar = gateway.sidecar): Promise<void> {
  for (let i = 0; i < times; i += 1) await sidecar.get('/api/v1/ping', { key });
}

async function addUser(login: string, group: string): Promise<number> {
  const groups = await gateway.sql<{ res_id: number }>(
    "select res_id from ir_model_data where (module, name) in (('base', 'group_user'), ('api_gateway', $1))",
    [group],
  );
  const values = { name: login, login, password: `${login}-password`, group_ids: [[6, 0, groups.map(({ res_id }) => res_id)]] };
  const context = { no_reset_password: true };
  const [id] = await gateway.orm<number[]>('res.users', 'create', { vals_list: [values], context });
  return Number(id);
}

test('requests to several sidecars arrive within two seconds, and each is counted once', async () => {
  const second = await gateway.startSidecar();
  const watching = await watch(admin);
  await Promise.all([ping(7, gateway.keys.demo), ping(5, gateway.keys.admin, second)]);
  await gateway.get('/api/v1/ping', { key: 'f'.repeat(40) });
  await until('all have arrived', () => watching.requests() >= 13, 2_000);
  expect(watching.requests()).toBe(13);
  expect(watching.of('traffic').reduce((sum, payload) => sum + Number(payload['class_4']), 0)).toBe(1);
  await second.stop();
});

const passed = (watching: Watch) =>
  watching.of('traffic').flatMap((payload) => payload['passed'] as { consumer: string; path: string; status: number }[]);
const callers = (watching: Watch) => [...new Set(passed(watching).map(({ consumer }) => consumer))];

test('requests are shown one by one, with their model but without values; of very many requests, only some are shown', async () => {
  const watching = await watch(admin);
  await gateway.get('/api/v1/res.partner/1?fields=name', { key: gateway.keys.demo });
  await until('it has passed', () => passed(watching).length === 1);
  expect(passed(watching)[0]).toMatchObject({ method: 'GET', path: '/api/v1/res.partner/:id', status: 200 });
  await Promise.all(Array.from({ length: 10 }, () => ping(20, gateway.keys.demo)));
  await until('all are counted', () => watching.requests() === 201);
  expect(passed(watching).length).toBeLessThan(150);
});

test('a heartbeat contains the number of requests per second', async () => {
  const watching = await watch(admin);
  await ping(20, gateway.keys.demo);
  const rate = (payload: Record<string, unknown>) => (payload['per_second'] as Record<string, number>)['traffic'] ?? 0;
  await until('a rate arrives', () => watching.of('heartbeat').some((payload) => rate(payload) > 0));
  await until('the rate is 0 after the traffic', () => rate(watching.of('heartbeat').at(-1) ?? {}) === 0);
});

test('the channel of a consumer carries only its requests', async () => {
  const [row] = await gateway.sql<{ id: number }>('select id from res_users_apikeys where index = $1', [
    gateway.keys.demo.slice(0, 8),
  ]);
  const name = `traffic/odoo_key:${row?.id}`;
  const watching = await watch(admin, { channels: ['traffic', name] });
  await Promise.all([ping(3, gateway.keys.demo), ping(4, gateway.keys.admin)]);
  await until('all have arrived', () => watching.requests() === 7);
  expect(watching.requests(name)).toBe(3);
});

test('a ticket works once, for 30 seconds, for its own page, and is kept only as a hash', async () => {
  const { ticket, database } = await ticketOf(admin);
  const hello = { ticket, database, channels: ['traffic'] };
  const rows = await gateway.sql<{ hash: Buffer }>('select hash from gateway.live_ticket');
  expect(rows.map(({ hash }) => hash.toString('hex'))).toContain(createHash('sha256').update(ticket).digest('hex'));

  await new Watch(gateway.sidecar, hello, origin).greeted();
  const again = new Watch(gateway.sidecar, hello, origin);
  await until('the second use is refused', () => again.closed === 4401);

  const elsewhere = new Watch(gateway.sidecar, { ...hello, ticket: (await ticketOf(admin)).ticket }, 'http://evil.example');
  await until('another page is refused', () => elsewhere.closed === 4401);

  const late = await ticketOf(admin);
  await gateway.sql("update gateway.live_ticket set expires_at = expires_at - interval '31 seconds'");
  const expired = new Watch(gateway.sidecar, { ...hello, ticket: late.ticket }, origin);
  await until('a late one is refused', () => expired.closed === 4401);

  const mute = new Watch(gateway.sidecar, { database, channels: ['traffic'] }, origin);
  await until('a missing one is refused', () => mute.closed === 4401);
  const garbage = new Watch(gateway.sidecar, { ticket: 1, channels: ['everything'] }, origin);
  await until('garbage is refused', () => garbage.closed === 4400);
});

test('a browser that reconnects gets the missed messages; if it names another stream, it must load everything again', async () => {
  const first = await watch(admin);
  await ping(2, gateway.keys.demo);
  await until('both have arrived', () => first.requests() === 2);
  const [hello] = first.of('hello');
  const last = first.heard.at(-1)?.id;
  first.socket.terminate();
  await ping(3, gateway.keys.demo);
  const other = await watch(admin, {});
  await ping(1, gateway.keys.demo);
  await until('others see it', () => other.requests() > 0);

  const back = await watch(admin, { stream: hello?.['stream'], last });
  expect(back.of('hello')[0]?.['replayed']).toBe(true);
  await until('what was missed is sent', () => back.requests() >= 4);
  expect(back.requests()).toBe(4);

  const stranger = await watch(admin, { stream: 'another', last: 3 });
  expect(stranger.of('hello')[0]?.['replayed']).toBe(false);
});

test('a user gets only their own requests, and is disconnected when losing their rights', async () => {
  const userId = await addUser('watcher', 'group_user');
  const web = await OdooWeb.login(gateway, 'watcher', 'watcher-password');
  const watching = await watch(web);
  const login = await gateway.post('/api/v1/auth/login', { login: 'watcher', password: 'watcher-password' });
  const token = login.json.data.access_token as string;
  await until('its login has arrived', () => watching.requests() === 1);
  await Promise.all([ping(4, gateway.keys.admin), ping(2, token)]);
  await until('its own have arrived', () => watching.requests() >= 3);
  await ping(1, gateway.keys.admin);
  const everyone = await watch(admin);
  await ping(1, gateway.keys.admin);
  await until('the manager sees it', () => everyone.requests() >= 1);
  expect(watching.requests()).toBe(3);
  expect([callers(watching), callers(everyone)]).toEqual([[`login:${userId}`], [expect.stringContaining('odoo_key:')]]);

  await gateway.orm('res.users', 'write', { ids: [userId], vals: { active: false } });
  await until('it is disconnected', () => watching.closed === 4403, 3_000);
});

test('the number of silent sockets is limited, and they keep no browser out', async () => {
  const silent = Array.from({ length: 60 }, () => new Watch(gateway.sidecar, undefined, origin));
  await until('most of them are disconnected', () => silent.filter(({ closed }) => closed === 4401).length >= 35);
  expect(silent.filter(({ closed }) => closed === undefined)).toHaveLength(25);
  const watching = await watch(admin);
  await ping(1, gateway.keys.demo);
  await until('it has arrived', () => watching.requests() === 1);
  // The silent sockets have no ticket and are closed within seconds; the browser's socket stays open.
  await until('the last silent sockets are closed', () => silent.every(({ closed }) => closed === 4401), 7_000);
  expect(watching.closed).toBeUndefined();
});

test('sockets from one address, or one IPv6 /64, cannot displace a socket from another', async () => {
  const second = await gateway.startSidecar({
    env: { GATEWAY_TRUSTED_PROXIES: '127.0.0.1', GATEWAY_METRICS_TOKEN: 'a-token-for-metrics-1' },
  });
  const silentFrom = (address: string) => new Watch(second, undefined, origin, { 'X-Forwarded-For': address });
  const waiting = silentFrom('203.0.113.1');
  const flood = Array.from({ length: 40 }, (_, i) => silentFrom(`2001:db8:1:2::${i + 1}`));
  await until('its own requests pass', () => flood.filter(({ closed }) => closed === 4401).length >= 15);
  expect(waiting.closed).toBeUndefined();
  const { text } = await second.get('/metrics', { key: 'a-token-for-metrics-1' });
  expect(text).toMatch(/^gateway_live_sockets\{state="silent"\} 26$/m);
  await second.stop();
});

test('twenty browsers behind one address can connect at the same time', async () => {
  const browsers = Array.from({ length: 20 }, () => new Watch(gateway.sidecar, undefined, origin));
  await until('all are connected', () => browsers.every(({ socket }) => socket.readyState === WebSocket.OPEN));
  for (const browser of browsers) {
    const { ticket, database } = await ticketOf(admin);
    browser.socket.send(JSON.stringify({ event: 'subscribe', data: { ticket, database, channels: ['traffic'] } }));
  }
  await Promise.all(browsers.map((browser) => browser.greeted()));
});

test('a user may open 20 sockets, and send only as many messages as a browser needs', async () => {
  const windows = await Promise.all(Array.from({ length: 20 }, () => watch(admin)));
  const { ticket, database } = await ticketOf(admin);
  const oneTooMany = new Watch(gateway.sidecar, { ticket, database, channels: ['traffic'] }, origin);
  await until('a further one is refused', () => oneTooMany.closed === 4429);
  const [talker, listener] = windows;
  for (let i = 0; i < 200; i += 1) talker?.socket.send(JSON.stringify({ event: 'subscribe', data: { channels: ['traffic'] } }));
  await until('a client that sends endlessly is disconnected', () => talker?.closed === 4429);
  expect(listener?.closed).toBeUndefined();
});

test('the connection of a refused upgrade is closed, even if the client keeps its half open', async () => {
  const { port, hostname } = new URL(gateway.sidecar.url);
  const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true });
  let ended = false;
  socket.on('end', () => {
    ended = true;
  });
  socket.on('error', () => {});
  socket.resume();
  socket.write('GET /api/live HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await until('it is refused', () => ended);
  await until('its connection is gone', async () => {
    socket.write('more');
    return socket.destroyed;
  });
});

test('a user without rights in the gateway gets no ticket', async () => {
  await addUser('stranger', 'none');
  const web = await OdooWeb.login(gateway, 'stranger', 'stranger-password');
  await expect(ticketOf(web)).rejects.toThrow('Only users of the API Gateway');
});

test('the handshake of a socket is refused at other paths, and without an Origin header', async () => {
  const nowhere = new WebSocket(`${gateway.sidecar.url.replace('http', 'ws')}/elsewhere`, { origin });
  const statuses: number[] = [];
  nowhere.on('unexpected-response', (_request, { statusCode }) => statuses.push(statusCode ?? 0));
  nowhere.on('error', () => {});
  const pageless = new WebSocket(`${gateway.sidecar.url.replace('http', 'ws')}/api/live`);
  pageless.on('unexpected-response', (_request, { statusCode }) => statuses.push(statusCode ?? 0));
  pageless.on('error', () => {});
  await until('both are refused', () => statuses.length === 2);
  expect(statuses.sort()).toEqual([403, 404]);
});

test('a stopping sidecar closes its sockets properly', async () => {
  const second = await gateway.startSidecar();
  const watching = await watch(admin, {}, second);
  await second.stop();
  await until('closed', () => watching.closed !== undefined);
  expect(watching.closed).toBe(1001);
});
