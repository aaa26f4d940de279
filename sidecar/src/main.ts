// Connects all parts. Only this file knows all of them and reads the environment.

import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { CompilingOdoo } from './compiled/compiled_reads.ts';
import type { Config } from './config.ts';
import { ConfigError, loadConfig, urlOfDatabase } from './config.ts';
import { AccessTokens } from './credentials/access_token.ts';
import { authentication } from './credentials/authenticate.ts';
import { GatewayKeys } from './credentials/gateway_key.ts';
import { OdooKeys } from './credentials/odoo_key.ts';
import type { CheckLogin } from './credentials/password.ts';
import { Passwords } from './credentials/password.ts';
import { scopes } from './credentials/scopes.ts';
import { environmentStamps } from './credentials/stamps.ts';
import { VerificationQueue } from './credentials/verification_queue.ts';
import { Database } from './db/database.ts';
import { schemaVersion } from './db/schema_version.ts';
import { OdooChannel } from './executor/channel.ts';
import { Printing } from './files/reports.ts';
import { stopOnSignals } from './lifecycle.ts';
import { concurrencyCap } from './limits/concurrency.ts';
import { limitFailures } from './limits/failed_authentication.ts';
import { ipBlocking } from './limits/ip_block.ts';
import { ipList, mayComeFrom } from './limits/ip_list.ts';
import { chargeAnonymous, limits } from './limits/limits.ts';
import type { Log } from './log.ts';
import { createLog } from './log.ts';
import { Catalogue } from './mcp/catalogue.ts';
import type { Extension } from './mcp/server.ts';
import { McpServer } from './mcp/server.ts';
import { addressBehind, clientAddress } from './pipeline/address.ts';
import { cors } from './pipeline/cors.ts';
import { chosenDatabase } from './pipeline/database.ts';
import { createHttpServer } from './pipeline/http_server.ts';
import { jsonBody } from './pipeline/json_body.ts';
import { originBehind } from './pipeline/origin.ts';
import { createApp } from './pipeline/server.ts';
import { Collections } from './records/collections.ts';
import { EventReader } from './records/event_reader.ts';
import { Metadata } from './records/metadata.ts';
import { RecordShapes } from './records/record_shapes.ts';
import { authRoutes } from './routes/auth.ts';
import { authorizeRoutes } from './routes/authorize.ts';
import { batchRoute } from './routes/batch.ts';
import { changesRoute } from './routes/changes.ts';
import { clientRoute } from './routes/client.ts';
import { docsRoutes } from './routes/docs.ts';
import { docsLoginRoute } from './routes/docs_login.ts';
import { idsRoute } from './routes/exports.ts';
import { fileRoutes } from './routes/files.ts';
import { healthRoutes } from './routes/health.ts';
import { identifyRoute } from './routes/identify.ts';
import { mcpRoute } from './routes/mcp.ts';
import { methodRoutes } from './routes/methods.ts';
import { metricsRoute } from './routes/metrics.ts';
import { oauthRoutes } from './routes/oauth.ts';
import { oauthClientRoutes } from './routes/oauth_clients.ts';
import { openApiRoute } from './routes/openapi.ts';
import { pingRoute } from './routes/ping.ts';
import { projectRoute, recordRoutes } from './routes/records.ts';
import { rpcRoutes } from './routes/rpc.ts';
import { schemaRoutes } from './routes/schema.ts';
import { usageRoute } from './routes/usage.ts';
import { LiveSockets } from './routes/websocket.ts';
import { ChangeFeeds } from './sync/feed.ts';
import { logRequests } from './traffic/log_requests.ts';
import { Metrics } from './traffic/metrics.ts';
import { ModelUses } from './traffic/model_uses.ts';
import { Push } from './traffic/push.ts';
import type { Observer } from './traffic/traffic_recorder.ts';
import { TrafficRecorder } from './traffic/traffic_recorder.ts';
import { TrafficStore } from './traffic/traffic_store.ts';
import { Usage } from './traffic/usage.ts';
import { UsedAddresses } from './traffic/used_addresses.ts';
import { WebhookDispatcher } from './webhooks/dispatcher.ts';

/** How long storing figures and log rows may take when the sidecar stops. */
const flushLimitMs = 10_000;

/** The folder `assets` is next to the bundle, or one folder further up when running from sources. */
const assets = ['assets', '../assets'].map((path) => join(import.meta.dirname, path)).find(existsSync);

function main(config: Config, log: Log, extension?: Extension): void {
  if (assets === undefined) fail(log, 'The documentation page and the client are missing: `npm run build` creates them.');

  const instance = randomUUID();
  let address = '';
  let stopping = false;

  const heartbeat = () => ({
    instance,
    name: config.name,
    host: hostname(),
    pid: process.pid,
    address,
    version: manifest.version,
    schemaVersion,
    state: {},
  });
  const openDatabase = (name: string) =>
    new Database({
      name,
      url: urlOfDatabase(config.databaseUrl, name),
      listenUrl: urlOfDatabase(config.listenUrl, name),
      poolSize: config.poolSize,
      heartbeat,
      onMismatch: (sentence) => fail(log, sentence),
      log,
    });
  const [first, ...others] = config.databases;
  const databases: [Database, ...Database[]] = [openDatabase(first), ...others.map(openDatabase)];

  const hashes = new VerificationQueue({
    concurrency: Math.max(1, availableParallelism() - 1),
    mostWaiting: 1_000,
    longestWaitMs: 10_000,
  });
  const keys = [new OdooKeys(hashes), new GatewayKeys(config.environmentKeys)];
  const environment = environmentStamps(config.environmentKeys);
  const channel = new OdooChannel({
    odooUrl: config.odooUrl,
    // There is one slot more than Odoo has workers, so that no worker waits for its next call. With two more, fewer reads would
    // be sent together.
    slots: config.odooWorkers + 1,
    mostQueued: config.odooQueue,
    longestQueueMs: config.odooQueueTimeoutMs,
  });
  // Odoo takes a third of a second to hash a password. Checking one password at a time keeps Odoo's other workers free for
  // other callers.
  const logins = new VerificationQueue({ concurrency: 1, mostWaiting: 100, longestWaitMs: 5_000 });
  const odoo = new CompilingOdoo({
    channel,
    requestTimeoutMs: config.requestTimeoutMs,
    connectionOf: ({ name }) => ({
      url: urlOfDatabase(config.readDatabaseUrl, name),
      isReplica: config.readsFromReplica,
      size: config.readPoolSize,
      statementTimeoutMs: config.requestTimeoutMs,
    }),
  });
  const checkLogin: CheckLogin = (context, login, password, attempt) =>
    logins.run(
      [context.database.name, attempt.network],
      () => attempt.reserve(true),
      () => odoo.login(context, login, password),
    );
  const events = new EventReader(channel, config.requestTimeoutMs);
  const webhooks = databases.map(
    (database) => new WebhookDispatcher({ database, instance, readRecords: (...asked) => events.read(...asked) }),
  );
  const metadata = new Metadata(odoo);
  const shapes = new RecordShapes(metadata);
  const collections = new Collections({ odoo, shapes });
  const feeds = new ChangeFeeds();
  const tools = new Catalogue({ odoo, shapes });

  const blocking = ipBlocking(config.trustedProxies);
  const live = new LiveSockets({
    instance,
    addressOf({ socket, headers }) {
      const forwarded = headers[config.forwardedHeader];
      return addressBehind(socket.remoteAddress ?? '', forwarded, config.forwardedHeader, config.trustedProxies);
    },
    async admit(database, address) {
      await blocking.admit(database, address);
      await chargeAnonymous(database, address);
    },
  });
  const pushOf = new Map(
    databases.map((database) => [database, new Push(database, instance, (message) => live.tell(database, message))]),
  );
  for (const [database, push] of pushOf) live.serve(database, push);
  const watch: Observer = (counted, { known }) => pushOf.get(known.database ?? databases[0])?.count(counted);
  const storeOf = new Map(
    [...pushOf].map(([database, push]) => {
      const onFlush = () => push.cut();
      return [database, new TrafficStore({ database, instance, sidecar: config.name, onFlush })];
    }),
  );
  const metrics = new Metrics(
    storeOf,
    () => channel.load,
    () => webhooks.map((dispatcher) => dispatcher.tally),
    () => [
      { kind: 'key', ...hashes.load },
      { kind: 'login', ...logins.load },
    ],
    () => live.load,
    () => odoo.replicaLags(),
  );
  const traffic = new TrafficRecorder(storeOf, databases[0], [metrics.observe, watch], log);

  const throttling = limits();
  const usage = new Usage(log);
  const modelUses = new ModelUses(log, (database) => (model, path) => metadata.knownTypeAt(database, model, path));
  const usedAddresses = new UsedAddresses(log);
  const originOf = originBehind(config.trustedProxies, config.forwardedHeader);

  const app = createApp(
    [
      ...healthRoutes({ databases, probe: (database) => channel.probe(database), isStopping: () => stopping }),
      metricsRoute(metrics, { token: config.metricsToken, from: config.metricsFrom }),
      identifyRoute({ version: manifest.version, schemaVersion, probe: (database) => channel.probe(database) }),
      pingRoute,
      usageRoute,
      ...authRoutes({
        checkLogin,
        needsSecondFactor: (context) => odoo.needsSecondFactor(context),
        keys,
      }),
      ...oauthRoutes(originOf, environment),
      ...authorizeRoutes(originOf),
      ...oauthClientRoutes((context, operation) => odoo.administerClients(context, operation)),
      mcpRoute(new McpServer(tools, manifest.version, extension), tools),
      batchRoute(odoo, shapes),
      ...schemaRoutes(odoo),
      // Comes before the route of the documentation's files, whose path has a parameter.
      docsLoginRoute,
      ...docsRoutes(assets),
      clientRoute(assets),
      openApiRoute({ odoo, originOf, version: manifest.version }),
      projectRoute({ odoo, shapes }, collections),
      changesRoute(feeds, { odoo, shapes }, collections),
      ...rpcRoutes(odoo, metadata),
      idsRoute({ odoo, shapes }, collections),
      ...fileRoutes({ odoo, shapes }, new Printing(config)),
      ...recordRoutes({ odoo, shapes }, collections),
      ...methodRoutes({ odoo, shapes }),
    ],
    {
      policies: {
        'client address': clientAddress(config.trustedProxies, config.forwardedHeader),
        database: chosenDatabase(databases),
        CORS: cors(),
        'IP block': blocking.policy,
        authenticate: limitFailures(
          authentication([...keys, new AccessTokens(environment), new Passwords(checkLogin, mayComeFrom)], originOf),
        ),
        'IP list': ipList(),
        scope: scopes(),
        concurrency: concurrencyCap(),
        throttle: throttling.beforeBody,
        body: jsonBody(({ database, address }) => chargeAnonymous(database, address)),
        'throttle by operations': throttling.afterBody,
      },
      recorders: [
        blocking.recorder,
        logRequests(log),
        (context) => traffic.record(context),
        usage.record,
        modelUses.record,
        usedAddresses.record,
      ],
      originOf,
      isStopping: () => stopping,
    },
  );

  const server = createHttpServer(app, (request) => live.takes(request));
  live.listen(server);
  server.on('error', (error) => fail(log, `Cannot listen on port ${config.port} of ${config.host}: ${error.message}`));
  server.listen(config.port, config.host, () => {
    const { port } = server.address() as AddressInfo;
    address = `http://${config.host.includes(':') ? `[${config.host}]` : config.host}:${port}`;
    log.info({ address, version: manifest.version, databases: config.databases, odoo: config.odooUrl }, 'listening');
    for (const database of databases) database.start();
    for (const dispatcher of webhooks) dispatcher.start();
    for (const store of storeOf.values()) store.start();
  });

  const unready = () => {
    stopping = true;
    feeds.stop();
  };
  const closed = () => new Promise<void>((resolve) => server.close(() => resolve()));
  const flush = () => {
    const limit = AbortSignal.timeout(flushLimitMs);
    return Promise.all([...storeOf.values()].map((store) => store.stop(limit)));
  };
  stopOnSignals(
    [
      { name: 'readiness off', limitMs: 100, run: unready },
      { name: 'sockets', limitMs: 100, run: () => live.stop() },
      { name: 'drain', limitMs: config.drainTimeoutMs, run: closed },
      { name: 'cut', limitMs: 1_000, run: () => server.closeAllConnections() },
      { name: 'webhooks', limitMs: 12_000, run: () => Promise.all(webhooks.map((dispatcher) => dispatcher.stop())) },
      { name: 'flush', limitMs: flushLimitMs, run: flush },
      { name: 'last uses', limitMs: 2_000, run: () => Promise.all([usage, modelUses, usedAddresses].map((uses) => uses.stop())) },
      { name: 'leave', limitMs: 3_000, run: () => Promise.all(databases.map((database) => database.leave())) },
      {
        name: 'close',
        limitMs: 3_000,
        run: () => Promise.all([odoo.closeReads(), ...databases.map((database) => database.close())]),
      },
    ],
    log,
  );
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'unhandled rejection'));
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, 'uncaught exception');
    process.exit(1);
  });
}

/** Reports the reason, in the log and as plain text, and exits. */
function fail(log: Log, sentence: string): never {
  log.fatal(sentence);
  console.error(sentence);
  process.exit(1);
}

try {
  const config = loadConfig(process.env);
  // Only for the conformance suite, with a sidecar that runs from its sources: the build leaves this out.
  let extension: Extension | undefined;
  if (process.env['GATEWAY_MCP_FIXTURES']) ({ extension } = await import(process.env['GATEWAY_MCP_FIXTURES']));
  main(config, createLog(config.logLevel), extension);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  process.exit(2);
}
