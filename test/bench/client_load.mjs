// Keeps requests going from a separate process, with the typed client or with bare fetch, and prints what it measured.
//
//   node client_load.mjs '{"way": "client", "kind": "list", "client": "file:///…/index.js", "url": "…", "key": "…", "connections": 8, "seconds": 3}'

const { way, kind, client, url, key, id, connections, seconds } = JSON.parse(process.argv[2] ?? '');
/** The client as it is installed. If it were loaded from source, Node would still be removing its types during the measurement. */
const { Gateway } = await import(client);
const fields = ['name', 'email', 'country_id'];
const headers = { Accept: 'application/json', Authorization: `Bearer ${key}` };
const partners = new Gateway({ url, key }).model('res.partner');
const query = `fields=${encodeURIComponent(fields.join())}`;

/** The same requests in both ways. @type {Record<string, () => Promise<unknown>>} */
const requests = {
  'fetch one': () => bare(`/api/v1/res.partner/${id}?${query}`),
  'fetch list': () => bare(`/api/v1/res.partner?${query}&limit=80`),
  'client one': () => partners.get(id, { fields }),
  'client list': () => partners.search({ fields, limit: 80 }),
};

/** A request with bare fetch, as the guide shows it. @param {string} path */
async function bare(path) {
  const response = await fetch(url + path, { headers });
  const { success, data, error } = await response.json();
  if (!success) throw new Error(`${error.reason}: ${error.message}`);
  return data;
}

const send = requests[`${way} ${kind}`];
if (send === undefined) throw new Error(`There is no way "${way} ${kind}".`);
/** @type {number[]} */
const times = [];
const startedAt = performance.now();
const endsAt = startedAt + seconds * 1000;
const keepGoing = async () => {
  for (let now = performance.now(); now < endsAt; ) {
    await send();
    const then = performance.now();
    times.push(then - now);
    now = then;
  }
};
await Promise.all(Array.from({ length: connections }, keepGoing));
const passedS = (performance.now() - startedAt) / 1000;
times.sort((one, other) => one - other);
const at = (/** @type {number} */ share) => times[Math.floor(times.length * share)];
process.stdout.write(JSON.stringify({ rps: times.length / passedS, p50Ms: at(0.5), p99Ms: at(0.99) }));
