// The cost of the same statements without a gateway: express, pg, and the records as JSON. No key, no limit, no log. Reads {url,
// statements: {path: {text, values}}} from stdin, and prints its port.

import { text } from 'node:stream/consumers';
import express from 'express';
import pg from 'pg';

const { url, statements } = JSON.parse(await text(process.stdin));
const pool = new pg.Pool({ connectionString: url, max: 4, options: '-c jit=off -c timezone=UTC' });
const app = express();
app.disable('x-powered-by');
app.disable('etag');
for (const [name, { text: sql, values }] of Object.entries(statements)) {
  app.get(`/${name}`, async (_request, response) => {
    const { rows } = await pool.query({ name, text: sql, values });
    response.json({ success: true, data: rows });
  });
}
const server = app.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
