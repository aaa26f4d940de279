// The receivers' code on a webhook's page, in each language: requests that the gateway has signed arrive over HTTP, and only
// genuine ones are accepted. This soak needs go, javac and php, which the tests do not need.
//
//   npm run soak -- receiver_code

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { say } from '../../scripts/stack/report.mjs';
import { sign } from '../../sidecar/src/webhooks/sign.ts';
import { report } from '../bench/harness.ts';
import { until } from '../helpers/wait.ts';

const tools = join(import.meta.dirname, '../../odoo_addon/api_gateway/tools');
const code = JSON.parse(
  execFileSync('python3', ['-c', 'import json; from receiver_code import RECEIVERS; print(json.dumps(RECEIVERS))'], {
    cwd: tools,
    encoding: 'utf8',
  }),
) as Record<string, string>;
const secrets = [Buffer.alloc(24, 1), Buffer.alloc(32, 2)];
const given = `whsec_${secrets[0]?.toString('base64')}`;
const now = Math.floor(Date.now() / 1_000);
const body = '{"name": "é", "note": "a\\nb"}';

interface Sent {
  readonly time?: string;
  readonly signature?: string;
  readonly body?: string;
}
const signed = (at: number, by = secrets) => ({ time: String(at), signature: sign(by, 'msg_1', at, body) });
const cases: [name: string, isGenuine: boolean, sent: Sent][] = [
  ['a genuine request', true, signed(now, secrets.slice(0, 1))],
  ['a genuine request during a rotation', true, signed(now)],
  ['a genuine request with the new secret first', true, signed(now, [...secrets].reverse())],
  ['another secret', false, signed(now, [Buffer.alloc(24, 9)])],
  ['an old request', false, signed(now - 600)],
  ['a request from the future', false, signed(now + 600)],
  ['a time that was not signed', false, { ...signed(now - 600), time: String(now) }],
  ['another body', false, { ...signed(now), body: `${body} ` }],
  ['half a signature', false, { ...signed(now), signature: signed(now, secrets.slice(0, 1)).signature.slice(0, 20) }],
  ['an empty signature', false, { ...signed(now), signature: '' }],
  ['a time that is not a number', false, { ...signed(now), time: 'now' }],
];

/** Servers on the port in $PORT, which answer 200 to a genuine request, and otherwise 400, or 500 if the code raises an error. */
const servers: Record<
  string,
  { files: Record<string, string>; run: (dir: string, port: number) => [command: string, args: string[]] }
> = {
  JavaScript: {
    files: {
      'main.mjs': `import { createServer } from 'node:http';
${code['JavaScript']}
createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  let status = 500;
  try { status = isGenuine(process.env.SECRET, request.headers, Buffer.concat(chunks)) ? 200 : 400; } catch {}
  response.writeHead(status).end();
}).listen(process.env.PORT, '127.0.0.1');`,
    },
    run: (dir) => [process.execPath, [join(dir, 'main.mjs')]],
  },
  Python: {
    files: {
      'main.py': `import os
from http.server import BaseHTTPRequestHandler, HTTPServer
${code['Python']}
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            status = 200 if is_genuine(os.environ["SECRET"], self.headers, body) else 400
        except Exception:
            status = 500
        self.send_response(status)
        self.end_headers()
    def log_message(self, *_):
        pass
HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()`,
    },
    run: (dir) => ['python3', [join(dir, 'main.py')]],
  },
  PHP: {
    files: {
      'main.php': `<?php
${code['PHP']}
// As PHP-FPM writes them.
$headers = [];
foreach (getallheaders() as $name => $value) $headers[ucwords(strtolower($name), '-')] = $value;
http_response_code(is_genuine(getenv('SECRET'), $headers, file_get_contents('php://input')) ? 200 : 400);`,
    },
    run: (dir, port) => ['php', ['-S', `127.0.0.1:${port}`, join(dir, 'main.php')]],
  },
  Go: {
    files: {
      'main.go': `package main
import ("crypto/hmac"; "crypto/sha256"; "encoding/base64"; "fmt"; "io"; "net/http"; "os"; "strconv"; "strings"; "time")
${code['Go']}
func main() {
	http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if !isGenuine(os.Getenv("SECRET"), r.Header, body) { w.WriteHeader(400) }
	}))
}`,
    },
    run: (dir) => ['go', ['run', join(dir, 'main.go')]],
  },
  Java: {
    files: {
      'Main.java': `import java.security.MessageDigest;
import java.time.Instant;
import java.util.*;
import java.util.function.UnaryOperator;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
public class Main {
${code['Java']}
public static void main(String[] args) throws Exception {
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(System.getenv("PORT"))), 0);
    server.createContext("/", exchange -> {
        byte[] body = exchange.getRequestBody().readAllBytes();
        int status = 500;
        try { status = isGenuine(System.getenv("SECRET"), exchange.getRequestHeaders()::getFirst, body) ? 200 : 400; } catch (Exception error) {}
        exchange.sendResponseHeaders(status, -1);
        exchange.close();
    });
    server.start();
}
}`,
    },
    run: (dir) => ['java', [join(dir, 'Main.java')]],
  },
};

const dir = mkdtempSync(join(tmpdir(), 'receivers-'));
let wrong = 0;
try {
  for (const [language, { files, run }] of Object.entries(servers)) {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
    const port = await freePort();
    const [command, args] = run(dir, port);
    const env = { ...process.env, PORT: String(port), SECRET: given };
    // The process gets its own group, because `go run` starts the program as a child.
    const child = spawn(command, args, { env, stdio: 'ignore', detached: true });
    await once(child, 'spawn');
    try {
      await until(`${language} listens`, () => post(port, {}).then(Boolean, () => false), 60_000);
      for (const [name, isGenuine, sent] of cases) {
        const status = await post(port, sent);
        if ((status === 200) === isGenuine) continue;
        wrong += 1;
        say(`${language}: ${name}: ${status}`);
      }
    } finally {
      process.kill(-(child.pid as number));
    }
  }
} finally {
  rmSync(dir, { recursive: true });
}
report('receiver_code', { languages: Object.keys(servers).length, cases: cases.length, wrong }, {});
if (wrong > 0) process.exitCode = 1;

async function post(port: number, { time = '', signature = '', body: sent = body }: Sent): Promise<number> {
  const headers = { 'webhook-id': 'msg_1', 'webhook-timestamp': time, 'webhook-signature': signature };
  const { status } = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body: sent });
  return status;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
