// Makes the usual calls of scripts with public clients of Odoo, and prints a JSON object with a report for each client, like
// clients.py. Arguments: the folder whose node_modules has the clients, URL, database, login, key, names of clients.

import { createRequire } from 'node:module';

const [folder, url, database, login, key, ...names] = process.argv.slice(2);
const load = createRequire(`${folder}/package.json`);
const fields = ['name', 'ref', 'comment', 'partner_latitude', 'company_id', 'parent_id', 'child_ids', 'active', 'barcode'];
const values = {
  name: 'Zoë & <Söhne> ☃',
  partner_latitude: 2.5,
  child_ids: [[0, 0, { name: 'child' }]],
  comment: '<p>a\tb</p>',
};
const changes = { ref: 'R 1', partner_latitude: -0.5, comment: false };

/**
 * Each function returns the calls of a script, made with the client's own functions where it has them; `call` takes positional
 * arguments.
 */
const clients = {
  async 'odoo-await'(user, secret) {
    const Odoo = load('odoo-await');
    const client = new Odoo({ baseUrl: url, db: database, username: user, password: secret });
    const uid = await client.connect();
    return {
      uid,
      call: (model, method, args, kwargs) => client.execute_kw(model, method, kwargs === undefined ? [args] : [args, kwargs]),
      create: (record) => client.create('res.partner', record),
      write: (id, record) => client.update('res.partner', id, record),
      read: (id) => client.read('res.partner', [id], fields),
      search: (domain, asked, options) => client.searchRead('res.partner', domain, asked, options),
      unlink: (ids) => client.delete('res.partner', ids),
    };
  },
  async 'odoo-xmlrpc'(user, secret) {
    const Odoo = load('odoo-xmlrpc');
    const client = new Odoo({ url, db: database, username: user, password: secret });
    const promised = (act) =>
      new Promise((resolve, reject) => {
        act((error, value) => (error ? reject(error) : resolve(value)));
      });
    const uid = await promised((done) => client.connect(done));
    const call = (model, method, args, kwargs = {}) => promised((done) => client.execute_kw(model, method, [args, kwargs], done));
    return { uid, ...through(call) };
  },
  async 'odoo-xmlrpc-ts'(user, secret) {
    const { OdooClient } = load('odoo-xmlrpc-ts');
    const client = new OdooClient({ url, db: database, username: user, password: secret });
    return {
      uid: await client.authenticate(),
      version: await client.version(),
      call: (model, method, args, kwargs) => client.execute(model, method, args, kwargs),
      create: (record) => client.create('res.partner', record),
      write: (id, record) => client.write('res.partner', [id], record),
      read: (id) => client.read('res.partner', [id], fields),
      search: (domain, asked, options) => client.searchRead('res.partner', domain, { fields: asked, ...options }),
      unlink: (ids) => client.unlink('res.partner', ids),
    };
  },
  async '@fernandoslim/odoo-jsonrpc'(user, secret) {
    const { default: OdooJSONRpc } = load('@fernandoslim/odoo-jsonrpc');
    const { protocol, hostname, port } = new URL(url);
    const baseUrl = `${protocol}//${hostname}`;
    const client = new OdooJSONRpc({ baseUrl, port: Number(port), db: database, username: user, apiKey: secret });
    const { uid } = await client.connect();
    return {
      uid,
      call: (model, method, args, kwargs) => client.call_kw(model, method, args, kwargs),
      create: (record) => client.create('res.partner', record),
      write: (id, record) => client.update('res.partner', id, record),
      read: (id) => client.read('res.partner', [id], fields),
      search: (domain, asked, options) => client.searchRead('res.partner', domain, asked, options),
      unlink: (ids) => client.call_kw('res.partner', 'unlink', [ids]),
    };
  },
};

function through(call) {
  return {
    call,
    create: (record) => call('res.partner', 'create', [record]),
    write: (id, record) => call('res.partner', 'write', [[id], record]),
    read: (id) => call('res.partner', 'read', [[id], fields]),
    search: (domain, asked, options) => call('res.partner', 'search_read', [domain, asked], options),
    unlink: (ids) => call('res.partner', 'unlink', [ids]),
  };
}

async function scenario(connect) {
  const client = await connect(login, key);
  const made = await client.create(values);
  const on = (method, ids, ...args) => client.call('res.partner', method, [ids, ...args]);
  const written = await client.write(made, changes);
  const read = await client.read(made);
  const children = read[0].child_ids;
  read[0].child_ids = children.length;
  const found = await client.search([['id', 'in', [made, 1]]], ['name', 'parent_id', 'country_id'], { order: 'id', limit: 2 });
  return {
    uid: client.uid,
    version: client.version ?? null,
    created: typeof made,
    written,
    read: withoutId(read[0], made),
    types: Object.fromEntries(Object.entries(read[0]).map(([name, value]) => [name, typeof value])),
    found: found.map((record) => withoutId(record, made)),
    copied: (await on('copy', [made])).length,
    nothing: await raised(() => on('action_archive', [made])),
    faults: {
      user: await raised(() => on('write', [made], { parent_id: made })),
      missing: await raised(() => on('write', [99_999_999], { name: 'x' })),
      access: await raised(() => on('_write', [made], {})),
      method: await raised(() => on('nope', [made])),
      field: await raised(() => client.search([['nope', '=', 1]], ['name'], {})),
      key: await raised(async () => (await connect('nobody', 'wrong')).search([['id', '=', 1]], ['name'], {})),
    },
    unlinked: await client.unlink([made, ...children]),
    gone: await client.search([['id', 'in', [made]]], ['name'], {}),
  };
}

/** The result of a call, or what a script sees of its error. Some clients reject with a string. */
async function raised(act) {
  try {
    return { result: (await act()) ?? null };
  } catch (error) {
    const { faultCode: code, faultString } = error;
    const text = faultString ?? String(error.message ?? error);
    return { class: error.constructor.name, ...(code === undefined ? {} : { code }), text: lastLine(text) };
  }
}

/** What was raised: the last line of Odoo's traceback, or the first line of ours. */
function lastLine(text) {
  const at = text.indexOf('Traceback (most recent call last)');
  if (at === -1) return text.split('\nRequest ')[0];
  return text.slice(0, at) + text.trim().split('\n').at(-1);
}

/** Replaces the id, which differs each time, with a word. */
function withoutId(record, made) {
  return record.id === made ? { ...record, id: 'made' } : record;
}

const reports = {};
for (const name of names.length > 0 ? names : Object.keys(clients)) {
  try {
    reports[name] = await scenario(clients[name]);
  } catch (error) {
    reports[name] = { failed: String(error.stack ?? error) };
  }
}
process.stdout.write(JSON.stringify(reports));
