// The lowest possible cost of a ping: plain express, an answer of the same size, no policy.

import express from 'express';

const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/api/v1/ping', (_request, response) => {
  const user = { id: 2, name: 'Mitchell Admin', login: 'admin' };
  response.json({ success: true, data: { message: 'pong', user, time: new Date().toISOString() } });
});
const server = app.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
