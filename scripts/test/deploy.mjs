// Checks deploy/, docker-compose.yml and the images without a Docker engine or a cluster: the files match their schemas, every
// path exists, the sidecar's bundle runs, and the proxies send the paths of the sidecar's routes, and no others, to the sidecar.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get, request as send } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { rootDir } from '../stack/paths.mjs';
import { freePort } from '../stack/ports.mjs';
import { memoryOptions, nodeBin } from '../stack/sidecar.mjs';
import { ensureSystem } from '../stack/system.mjs';
import { runChecks } from './checks.mjs';
import { execute, executeNode } from './execute.mjs';
import { pythonTools } from './python_tools.mjs';

/** Odoo's own protocols, which the sidecar serves as well. */
const isOfProtocol = (/** @type {string} */ path) => /^\/(?:xmlrpc|jsonrpc|json|doc-bearer|web)\//.test(`${path}/`);
const ofProtocols = [...sidecarPaths().filter(isOfProtocol), '/xmlrpc/2/common', '/xmlrpc/object', '/json/version'];

/** The server to which the proxy must send a path; `nobody`: the proxy answers 404 itself. */
const destinations = {
  sidecar: [
    ...sidecarPaths().filter((path) => !isOfProtocol(path)),
    '/api/v1/',
    '/api/v1/nothing/here/yet',
    '/api/docs/',
    '/call?x=1',
  ],
  gevent: ['/websocket', '/websocket?version=1'],
  odoo: [
    '/',
    '/web/login',
    '/odoo/gateway',
    '/websocket/health',
    '/web/assets/x.js',
    '/apiary',
    '/authors',
    '/api',
    '/api/',
    '/api/v10/orders',
    '/api/v2/res.partner',
    '/api/shop/orders',
    '/api/openapi.json/x',
    '/api/project',
    '/auth',
    '/auth/',
    '/auth/passkey/start-auth',
    '/auth/token/apikey/x',
    '/auth_oauth/signin',
    '/call/x',
    '/callback',
    '/healthz',
    '/readyz',
    '/metrics',
    '/gateways',
    ...ofProtocols,
  ],
  nobody: [
    '/gateway',
    '/gateway/',
    '/gateway/read',
    '/gateway/execute',
    '//gateway/execute',
    '/web/../gateway/execute',
    '/%67ateway/execute',
    '/GATEWAY/execute',
  ],
};

/** The same with the commented lines for Odoo's own protocols active. Odoo still answers below /web. */
const withProtocols = {
  ...destinations,
  sidecar: [...destinations.sidecar, ...ofProtocols.filter((path) => !path.startsWith('/web/'))],
  odoo: destinations.odoo.filter((path) => !ofProtocols.includes(path) || path.startsWith('/web/')),
};

/** The paths of the routes that are not `internal`, with a value in place of each parameter. @returns {string[]} */
function sidecarPaths() {
  const folder = join(rootDir, 'sidecar/src/routes');
  const sources = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
  const paths = sources.flatMap((source) => {
    const found = [...source.matchAll(/\bpath(?::| =) '(\/[^']*)'(?=[,;]\s*(access: 'internal')?)/g)];
    return found.flatMap(([, path = '', internal]) => (internal ? [] : [path]));
  });
  const example = { model: 'res.partner', id: '7', method: 'name_get', file: 'page.css', client: 'gwc_x' };
  return paths.map((path) => path.replaceAll(/:(\w+)/g, (_all, name) => example[/** @type {keyof typeof example} */ (name)]));
}

/** The files that start the sidecar without V8's memory options. */
function missingMemoryOptions() {
  return ['sidecar/Dockerfile', 'deploy/systemd/api-gateway.service'].flatMap((file) => {
    const start =
      readFileSync(join(rootDir, file), 'utf8')
        .split('\n')
        .findLast((line) => line.includes('main.js')) ?? '';
    return memoryOptions.filter((option) => !start.includes(option)).map((option) => `${file} starts without ${option}`);
  });
}

const caddyfile = join(rootDir, 'deploy/Caddyfile');

/** Uncomments the lines for Odoo's own protocols. */
const uncommented = {
  caddy: (/** @type {string} */ text) => {
    const [, paths = ''] = /add to the list below: (.+)$/m.exec(text) ?? [];
    return text.replace('@sidecar path ', `@sidecar path ${paths} `);
  },
  nginx: (/** @type {string} */ text) =>
    text.replace(/^\t# location ~ [\s\S]*?^\t# }$/m, (block) => block.replaceAll(/^\t# /gm, '\t')),
  ingress: (/** @type {string} */ text) => text.replaceAll(/^( +)# - \{ path/gm, '$1- { path'),
};

/** @param {string} log @returns {Promise<import('./checks.mjs').Result>} */
export async function checkDeployment(log) {
  await ensureSystem(['proxy']);
  return runChecks([
    {
      name: 'compose config',
      run: () => execute('docker-compose', ['--file', 'docker-compose.yml', 'config', '--quiet'], { log }),
    },
    { name: 'paths', run: async () => report(missingPaths()) },
    { name: 'memory options', run: async () => report(missingMemoryOptions()) },
    { name: 'deploy/setup.sh', run: () => execute('sh', ['-n', 'deploy/setup.sh'], { log }) },
    {
      name: 'caddy validate',
      run: () => execute('caddy', ['validate', '--adapter', 'caddyfile', '--config', caddyfile], { log }),
    },
    {
      name: 'caddy fmt',
      run: () => execute('caddy', ['fmt', caddyfile], { log }).then(({ output }) => report(isFormatted(caddyfile, output))),
    },
    { name: 'caddy routes', run: () => misrouted((isOn) => misroutedPaths(caddy, isOn)) },
    { name: 'nginx routes', run: () => misrouted((isOn) => misroutedPaths(nginx, isOn)) },
    { name: 'ingress routes', run: () => misrouted(async (isOn) => misroutedByIngress(isOn)) },
    { name: 'systemd unit', run: () => execute('systemd-analyze', ['verify', 'deploy/systemd/api-gateway.service'], { log }) },
    { name: 'kubernetes', run: () => manifestsFit(log) },
    { name: 'sidecar bundle', run: () => bundleStarts(log) },
  ]);
}

/**
 * Faults of the files, both as they are and with the lines for Odoo's own protocols active.
 * @param {(isOn: boolean) => Promise<string[]>} find
 */
async function misrouted(find) {
  const on = (await find(true)).map((fault) => `with Odoo's own protocols: ${fault}`);
  return report([...(await find(false)), ...on]);
}

/** @param {string[]} faults */
const report = (faults) => ({ code: faults.length === 0 ? 0 : 1, output: faults.join('\n') });

/** Files that compose or the Dockerfile refer to, but that do not exist. */
function missingPaths() {
  const compose = readFileSync(join(rootDir, 'docker-compose.yml'), 'utf8');
  const dockerfile = readFileSync(join(rootDir, 'sidecar/Dockerfile'), 'utf8');
  const bound = [...compose.matchAll(/- (\.\/[^:\s]+):/g)].map((match) => match[1]);
  const dockerfiles = [...compose.matchAll(/dockerfile: (\S+)/g)].map((match) => match[1]);
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap((match) => match[1]?.split(' '));
  const paths = [...bound, ...dockerfiles, ...copied].filter((path) => path && !existsSync(join(rootDir, path)));
  const stages = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm)].map((match) => match[1]);
  const targets = [...compose.matchAll(/target: (\w+)$/gm)].map((match) => match[1]).filter((target) => !stages.includes(target));
  return [...paths.map((path) => `${path} is referred to but does not exist`), ...targets.map((target) => `no stage ${target}`)];
}

/** @param {string} path @param {string} formatted */
function isFormatted(path, formatted) {
  return readFileSync(path, 'utf8') === formatted ? [] : [`${path} is not formatted: caddy fmt --overwrite ${path}`];
}

/**
 * A proxy that listens at `port` in front of three servers, given as host:port.
 * @typedef {{port: number, sidecar: string, odoo: string, gevent: string, isOn: boolean}} Addresses isOn: with Odoo's protocols
 * @typedef {(addresses: Addresses, folder: string) => import('node:child_process').ChildProcess} StartProxy
 */

/** @type {StartProxy} */
const caddy = ({ port, sidecar, odoo, gevent, isOn }, folder) => {
  const site = {
    SITE_ADDRESS: `http://127.0.0.1:${port}`,
    SIDECAR_ADDRESS: sidecar,
    ODOO_ADDRESS: odoo,
    ODOO_GEVENT_ADDRESS: gevent,
  };
  const text = readFileSync(caddyfile, 'utf8');
  const config = join(folder, 'Caddyfile');
  writeFileSync(config, isOn ? uncommented.caddy(text) : text);
  const args = ['run', '--adapter', 'caddyfile', '--config', config];
  return spawn('caddy', args, { env: { ...process.env, ...site }, stdio: 'ignore' });
};

/** nginx does not read the environment, so the addresses of the example are replaced. @type {StartProxy} */
const nginx = ({ port, sidecar, odoo, gevent, isOn }, folder) => {
  const text = readFileSync(join(rootDir, 'deploy/nginx.conf'), 'utf8');
  const site = (isOn ? uncommented.nginx(text) : text)
    .replace('server 127.0.0.1:8080', `server ${sidecar}`)
    .replace('server 127.0.0.1:8069', `server ${odoo}`)
    .replace('server 127.0.0.1:8072', `server ${gevent}`)
    .replace('listen 80', `listen 127.0.0.1:${port}`);
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`);
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; user root; pid ${folder}/pid; events {} http { access_log off; ${own.join(' ')}\n${site}}\n`,
  );
  return spawn('/usr/sbin/nginx', ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')], { stdio: 'ignore' });
};

/**
 * Runs a proxy in front of three servers that answer with their names.
 * @param {StartProxy} start @param {boolean} isOn @returns {Promise<string[]>}
 */
async function misroutedPaths(start, isOn) {
  const servers = await Promise.all(['sidecar', 'odoo', 'gevent'].map(nameServer));
  const [sidecar = '', odoo = '', gevent = ''] = servers.map(({ address }) => address);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'proxy-'));
  const proxy = start({ port, sidecar, odoo, gevent, isOn }, folder);
  const ended = new Promise((resolve) => proxy.on('exit', resolve));
  try {
    await answering(port);
    const wanted = Object.entries(isOn ? withProtocols : destinations);
    const expected = wanted.flatMap(([name, paths]) => paths.map((path) => ({ name, path })));
    const faults = await Promise.all(
      expected.map(async ({ name, path }) => {
        const { status, body } = await request(port, path);
        const reached = status === 404 ? 'nobody' : body;
        return reached === name ? [] : [`${path} reached ${reached || status}, not ${name}`];
      }),
    );
    return [...faults.flat(), ...(await forgedHeaders(port)), ...(await refusedUploads(port))];
  } finally {
    proxy.kill();
    await ended;
    for (const { server } of servers) server.close();
    rmSync(folder, { recursive: true });
  }
}

/** The sidecar trusts its proxy, so headers that a client invents must not reach it. @param {number} port */
async function forgedHeaders(port) {
  const forged = {
    'X-Forwarded-For': '192.0.2.1',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Prefix': '/evil',
    Forwarded: 'for=192.0.2.1;host=evil.example',
  };
  const { seen } = await request(port, '/api/v1/ping', forged);
  const expected = {
    'x-forwarded-for': '127.0.0.1',
    'x-forwarded-host': `127.0.0.1:${port}`,
    'x-forwarded-proto': 'http',
    'x-forwarded-prefix': undefined,
    forwarded: undefined,
  };
  return Object.entries(expected).flatMap(([name, value]) => (seen[name] === value ? [] : [`${name} arrives as ${seen[name]}`]));
}

/**
 * Checks that the proxy does not refuse a file of the largest size that the setting file.max_bytes allows. If no answer
 * arrives, the proxy is waiting for the body, so it has not refused the file either.
 * @param {number} port
 */
async function refusedUploads(port) {
  const outgoing = send({
    method: 'PUT',
    host: '127.0.0.1',
    port,
    path: '/api/v1/res.partner/3/image_1920/content',
    headers: { 'Content-Length': String(1024 ** 3) },
    agent: false,
  });
  const answered = once(outgoing, 'response');
  answered.catch(() => undefined);
  outgoing.flushHeaders();
  const [answer] = await Promise.race([answered, delay(300, [])]);
  outgoing.destroy();
  return answer?.statusCode === 413 ? ['a file of 1 GiB is refused'] : [];
}

/**
 * Paths that the ingress sends to the wrong server. Its rules lead only to the sidecar: Exact, or Prefix by whole segments.
 * @param {boolean} isOn
 */
function misroutedByIngress(isOn) {
  const text = readFileSync(join(rootDir, 'deploy/kubernetes/sidecar.yaml'), 'utf8');
  const manifest = isOn ? uncommented.ingress(text) : text.replaceAll(/^ +# .*$/gm, '');
  const rules = [...manifest.matchAll(/- (?:\{ )?path: (\S+?)(?:,|\s)\s*pathType: (Exact|Prefix)/g)];
  const leads = (/** @type {string} */ path) =>
    rules.some(([, rule, type]) => path === rule || (type === 'Prefix' && path.startsWith(`${rule}/`)));
  return Object.entries(isOn ? withProtocols : destinations).flatMap(([name, paths]) =>
    paths
      .map((path) => path.replace(/\?.*/, ''))
      .filter((path) => leads(path) !== (name === 'sidecar'))
      .map((path) => `${path} is ${name}'s`),
  );
}

/** @param {string} log */
async function manifestsFit(log) {
  const validate = join(await pythonTools(log), 'kubernetes-validate');
  return execute(validate, ['--strict', '--version', '1.34.0', 'deploy/kubernetes/sidecar.yaml'], { log });
}

/** A server that answers every request with its name and the headers that arrived. @param {string} name */
async function nameServer(name) {
  const server = createServer((request, response) => response.setHeader('Seen', JSON.stringify(request.headers)).end(name));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { server, address: `127.0.0.1:${port}` };
}

/**
 * Sends the path unchanged; fetch() would normalize it.
 * @param {number} port @param {string} path @param {Record<string, string>} [headers]
 */
function request(port, path, headers = {}) {
  /** @typedef {{status: number, body: string, seen: Record<string, string | undefined>}} Answer */
  return new Promise((/** @type {(answer: Answer) => void} */ resolve, reject) => {
    const outgoing = get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      const seen = JSON.parse(String(response.headers.seen ?? '{}'));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, seen }));
    });
    outgoing.on('error', reject);
  });
}

/** @param {number} port */
async function answering(port) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const ready = await request(port, '/').then(
      () => true,
      () => false,
    );
    if (ready) return;
    await delay(50);
  }
  throw new Error('The proxy did not answer within 5 seconds.');
}

/** The bundle must run without node_modules. Without a configuration, it names the missing variable. @param {string} log */
async function bundleStarts(log) {
  const built = await executeNode('../scripts/build.mjs', ['--sidecar'], { log });
  if (built.code !== 0) return built;
  const dir = mkdtempSync(join(tmpdir(), 'sidecar-'));
  try {
    cpSync(join(rootDir, 'dist/sidecar'), dir, { recursive: true });
    const started = await execute(nodeBin(), [join(dir, 'main.js')], { log, cwd: dir, limitMs: 20_000 });
    const hasFixtures = readFileSync(join(dir, 'main.js'), 'utf8').includes('GATEWAY_MCP_FIXTURES');
    return report([
      ...(started.output.includes('GATEWAY_DATABASE_URL is missing') ? [] : [started.output]),
      ...(hasFixtures ? ['The bundle loads fixtures of tests.'] : []),
    ]);
  } finally {
    rmSync(dir, { recursive: true });
  }
}
