// Random calls over Odoo's own protocols, like those of scripts: valid calls, and calls with mistakes.

export type Protocol = 'xmlrpc.2' | 'xmlrpc.1' | 'jsonrpc' | 'json2';
const protocols: readonly Protocol[] = ['xmlrpc.2', 'xmlrpc.1', 'jsonrpc', 'json2'];

/** A record that exists on both sides, with a different id on each. */
export class Twin {
  readonly number: number;
  constructor(number: number) {
    this.number = number;
  }
}

export interface Call {
  readonly protocol: Protocol;
  readonly service: 'common' | 'db' | 'object' | 'nope';
  /** The method of the service; for the service `object`, the method of the model. */
  readonly method: string;
  readonly model?: string;
  readonly args: readonly unknown[];
  readonly kwargs?: unknown;
  /** For JSON-2: the ids, which it sends separately instead of as the first argument. */
  readonly ids?: unknown;
  /** Whether all arguments are sent by position, as `execute` expects them. */
  readonly isPositional?: boolean;
  readonly wrong?: 'key' | 'uid' | 'login' | 'database' | 'empty key' | 'nobody';
  /** For XML: how whole numbers, strings and documents are written. */
  readonly writing: Writing;
}

export interface Writing {
  readonly whole: 'int' | 'i4' | 'i8';
  readonly isTyped: boolean;
  readonly encoding: 'utf-8' | 'utf-16le' | 'latin1';
  readonly id: unknown;
  /** What is broken about the document. */
  broken?: string | undefined;
}

/** Mulberry32: the same calls for the same seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** True in `percent` of a hundred cases. */
  is(percent: number): boolean {
    return this.next() * 100 < percent;
  }

  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  of<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined && items.length === 0) throw new Error('Nothing to choose from.');
    return item as Item;
  }

  some<Item>(items: readonly Item[], most: number): Item[] {
    return Array.from({ length: this.below(most + 1) }, () => this.of(items));
  }
}

/**
 * Fields whose values are the same on both sides. Twins have the same values, and all other records are the same on both sides.
 */
const fieldsOf: Readonly<Record<string, readonly string[]>> = {
  'res.partner': [
    ...['name', 'ref', 'comment', 'partner_latitude', 'active', 'color', 'type', 'is_company', 'company_id', 'country_id'],
    ...['category_id', 'lang', 'tz', 'email', 'display_name', 'parent_id', 'employee', 'vat', 'company_type', 'credit_limit'],
  ],
  'res.country': ['name', 'code', 'currency_id', 'phone_code', 'vat_label', 'zip_required', 'state_ids', 'display_name'],
  'res.currency': ['name', 'symbol', 'rounding', 'decimal_places', 'active', 'rate', 'position'],
  'res.lang': ['name', 'code', 'active', 'direction', 'week_start', 'grouping'],
  'product.template': ['name', 'list_price', 'type', 'categ_id', 'uom_id', 'sale_ok', 'default_code', 'product_variant_ids'],
  'ir.model': ['name', 'model', 'state', 'transient', 'modules'],
  'res.company': ['name', 'currency_id', 'country_id', 'child_ids', 'partner_id'],
  'sale.order': ['name', 'state', 'amount_total', 'partner_id', 'date_order', 'order_line'],
};
const models = Object.keys(fieldsOf);
const operators = [
  '=',
  '!=',
  'in',
  'not in',
  'ilike',
  'like',
  '=ilike',
  '=like',
  '>',
  '<=',
  '=?',
  'child_of',
  'not ilike',
  'nope',
];
const odd: readonly unknown[] = [
  null,
  false,
  true,
  '',
  'x',
  0,
  -1,
  1.5,
  2 ** 31,
  [],
  {},
  [[]],
  ['x'],
  { a: 1 },
  '5',
  [null],
  'ünïcode ☃',
];
const contexts: readonly unknown[] = [
  ...[
    {},
    { lang: 'en_US' },
    { lang: 'xx_XX' },
    { lang: false },
    { tz: 'Europe/Brussels' },
    { active_test: false },
    { bin_size: true },
  ],
  ...[{ tz: 'Nowhere/Else' }, { default_ref: 'c' }, null, '', 'x', [], 5],
];

export class RandomCalls {
  readonly #dice: Dice;
  readonly #twins: () => number;

  /** @param twins how many twins there are now */
  constructor(seed: number, twins: () => number) {
    this.#dice = new Dice(seed);
    this.#twins = twins;
  }

  next(): Call {
    const dice = this.#dice;
    const protocol = dice.of(protocols);
    const writing = this.#writing(protocol);
    if (protocol !== 'json2' && dice.is(8)) return { protocol, writing, ...this.#ofService() };
    const call = dice.is(15) ? this.#usual(protocol) : this.#onModel(protocol);
    const wrong = dice.is(4) ? dice.of(['key', 'uid', 'database', 'empty key', 'nobody'] as const) : undefined;
    // Without its arguments, `name_search` would find the records of both sides.
    if (call.method === 'name_search') writing.broken = undefined;
    const isPositional = protocol !== 'json2' && Object.keys(call.kwargs ?? {}).length === 0 && dice.is(40);
    const kwargs = isPositional ? undefined : this.#kwargs(call.kwargs);
    return { protocol, service: 'object', writing, isPositional, ...(wrong === undefined ? {} : { wrong }), ...call, kwargs };
  }

  #writing(protocol: Protocol): Writing {
    const dice = this.#dice;
    const isXml = protocol.startsWith('xmlrpc');
    return {
      whole: dice.of(['int', 'int', 'i4', 'i8']),
      isTyped: dice.is(70),
      encoding: isXml ? dice.of(['utf-8', 'utf-8', 'utf-8', 'utf-16le', 'latin1']) : 'utf-8',
      id: dice.of<unknown>([7, 'seven', null, 1.5, undefined, [1], { a: 1 }, '']),
      ...(dice.is(4) ? { broken: dice.of(isXml ? brokenXml : brokenJson) } : {}),
    };
  }

  #ofService(): Omit<Call, 'protocol' | 'writing'> {
    const dice = this.#dice;
    const wrong = dice.is(30) ? dice.of(['key', 'login', 'database', 'empty key'] as const) : undefined;
    const service = dice.of(['common', 'common', 'common', 'db', 'nope'] as const);
    if (service === 'db') return { service, ...dice.of(ofDatabases) };
    const method = dice.of(['version', 'login', 'authenticate', 'about', 'nope', 'login', 'authenticate']);
    const args = method === 'about' ? dice.of([[], [true], [false]]) : method === 'authenticate' ? [dice.of([{}, '', null])] : [];
    return { service, method, args, ...(wrong === undefined ? {} : { wrong }) };
  }

  /** Reads that differ only in their values: the gateway compiles them. */
  #usual(protocol: Protocol): Pick<Call, 'model' | 'method' | 'args' | 'kwargs' | 'ids'> {
    const dice = this.#dice;
    const id = 1 + dice.below(40);
    const [model, fields] = dice.of([
      ['res.partner', ['name', 'partner_latitude', 'country_id', 'category_id', 'create_date', 'comment', 'active', 'color']],
      ['product.template', ['name', 'list_price', 'categ_id', 'type', 'sale_ok', 'default_code']],
      ['sale.order', ['name', 'date_order', 'amount_total', 'partner_id', 'order_line', 'state']],
    ] as const);
    if (dice.is(50)) {
      const kwargs = { fields };
      const ids = [id];
      return protocol === 'json2'
        ? { model, method: 'read', args: [], ids, kwargs }
        : { model, method: 'read', args: [ids], kwargs };
    }
    const [method, named] = dice.of([
      ['search_read', { domain: [['id', '<=', id]], fields, limit: 3, order: 'id' }],
      ['search_read', { domain: [['id', '=', id]], fields }],
      [
        'search',
        {
          domain: [
            ['id', '>', id],
            ['id', '<', 1_000],
          ],
          limit: 5,
        },
      ],
      ['search_count', { domain: [['id', '<=', id]] }],
    ] as const);
    return { model, method, args: [], kwargs: named };
  }

  /** The method, its arguments by position, and those by name. */
  #onModel(protocol: Protocol): Pick<Call, 'model' | 'method' | 'args' | 'kwargs' | 'ids'> {
    const dice = this.#dice;
    const model = dice.is(2) ? dice.of(['res.nope', 'res partner']) : dice.is(55) ? 'res.partner' : dice.of(models);
    const [method, named] = this.#methodOf(model);
    const names = Object.keys(named);
    if (protocol === 'json2') {
      const kwargs = dice.is(4) ? { ...named, nope: 1 } : named;
      const { ids, ...rest } = kwargs;
      return { model, method, args: [], kwargs: rest, ...('ids' in kwargs ? { ids } : {}) };
    }
    // A random number of arguments is sent by position, counted from the first one; the ids of records always are.
    const first = 'ids' in named ? 1 : 0;
    const count = dice.is(50) ? names.length : first + dice.below(names.length - first + 1);
    const args: unknown[] = names.slice(0, count).map((name) => named[name]);
    const kwargs: Record<string, unknown> = Object.fromEntries(names.slice(count).map((name) => [name, named[name]]));
    if (dice.is(2)) args.push(dice.of(odd));
    if (dice.is(2) && first === 1) args.pop();
    if (dice.is(2)) kwargs['nope'] = 1;
    return { model, method, args, kwargs };
  }

  #kwargs(kwargs: unknown): unknown {
    const dice = this.#dice;
    if (dice.is(2)) return dice.of(odd);
    if (dice.is(25)) return { ...(kwargs as object), context: dice.of(contexts) };
    return kwargs;
  }

  #methodOf(model: string): [string, Record<string, unknown>] {
    const dice = this.#dice;
    const fields = this.#fields(model);
    const page = {
      ...this.#maybe('offset', [0, 1, 2]),
      ...this.#maybe('limit', [1, 3, 5, false, null, 0]),
      ...this.#order(model),
    };
    const domain = this.#domain(model);
    const methods: (() => [string, Record<string, unknown>])[] = [
      () => ['search_read', { domain, fields, ...page }],
      () => ['search_read', { domain, fields, limit: 2 }],
      () => ['search', { domain, ...page }],
      () => ['search_count', { domain }],
      () => ['read', { ids: this.#ids(), fields }],
      () => ['read', { ids: this.#ids(), fields }],
      () => [
        'name_search',
        { name: dice.of(['a', '', 'Eu', false]), domain, operator: dice.of(['ilike', '=', 'nope']), limit: 3 },
      ],
      () => ['fields_get', { allfields: fields, attributes: dice.of([['type', 'string'], ['relation'], [], ['nope']]) }],
      () => ['default_get', { fields }],
      () => ['read_group', { domain, fields: ['color:sum'], groupby: dice.of([['country_id'], ['type'], [], ['nope']]) }],
      () => ['formatted_read_group', { domain, groupby: dice.of([['country_id'], ['type']]), aggregates: ['__count'] }],
      () => ['web_search_read', { domain, specification: { name: {}, country_id: { fields: { code: {} } } }, limit: 2 }],
      () => ['web_read', { ids: this.#ids(), specification: { name: {}, [dice.of(this.#names(model))]: {} } }],
      () => ['check_access_rights', { operation: dice.of(['read', 'write', 'nope']), raise_exception: dice.is(50) }],
      () => ['has_access', { ids: [], operation: dice.of(['read', 'write', 'nope']) }],
      () => ['exists', { ids: this.#ids() }],
      () => ['export_data', { ids: this.#ids(), fields_to_export: dice.of([['name'], ['id'], ['country_id/code', '.id']]) }],
      () => ['copy_data', { ids: this.#ids(), default: { name: 'copied' } }],
      () => ['get_external_id', { ids: dice.of([[1], [2, 3]]) }],
      () => [dice.of(['nope', '_write', 'flush_model', 'env', 'search_fetch', '__class__', 'browse', 'sudo']), { ids: [1] }],
    ];
    const writes: (() => [string, Record<string, unknown>])[] = [
      () => ['create', { vals_list: this.#values() }],
      () => ['create', { vals_list: [this.#values(), this.#values()].slice(dice.below(2)) }],
      () => ['write', { ids: this.#ids(true), vals: this.#values() }],
      () => ['write', { ids: this.#ids(true), vals: this.#values() }],
      () => ['copy', { ids: this.#ids(true) }],
      () => ['unlink', { ids: dice.is(50) ? [99_999_999] : [] }],
      () => ['action_archive', { ids: this.#ids(true) }],
      () => ['toggle_active', { ids: this.#ids(true) }],
      () => ['name_create', { name: dice.of(['created by name', '', false]) }],
    ];
    if (model === 'res.partner' && dice.is(30)) return dice.of(writes)();
    return dice.of(methods)();
  }

  #names(model: string): readonly string[] {
    return fieldsOf[model] ?? ['name'];
  }

  #fields(model: string): unknown {
    const dice = this.#dice;
    // Without names, Odoo returns all fields, including the times of writing.
    if (dice.is(3)) return dice.of(['x', ['x'], [5], { a: 1 }]);
    const names = dice.some(this.#names(model), 5);
    if (dice.is(3)) names.push(dice.of(['nope', 'country_id.code', '']));
    return names.length === 0 ? ['name'] : names;
  }

  #order(model: string): Record<string, unknown> {
    const dice = this.#dice;
    const name = dice.of(this.#names(model));
    return this.#maybe('order', [
      'id',
      'id desc',
      `${name}, id`,
      `${name} desc nulls last, id`,
      'nope',
      '',
      false,
      'id; drop',
      5,
    ]);
  }

  #maybe(name: string, values: readonly unknown[]): Record<string, unknown> {
    return this.#dice.is(50) ? { [name]: this.#dice.of(values) } : {};
  }

  #domain(model: string): unknown {
    const dice = this.#dice;
    // Never without conditions, because each side has records of its own.
    if (dice.is(4)) return dice.of(['x', 5, [[]], ['x'], { a: 1 }, [null], 1.5]);
    const conditions: unknown[] = Array.from({ length: dice.below(3) }, () => this.#condition(model));
    if (conditions.length > 1 && dice.is(40)) conditions.unshift(dice.of(['|', '&', '!', 'nope']));
    // Leaves out records that other tests and the other side create meanwhile.
    return [['id', '<', 1_000], ...conditions];
  }

  #condition(model: string): unknown {
    const dice = this.#dice;
    if (dice.is(3)) return dice.of(odd);
    const name = dice.is(4) ? dice.of(['nope', 'country_id.code', 'country_id.nope', '']) : dice.of(this.#names(model));
    const value = dice.of<unknown>([
      'a',
      'Be',
      1,
      3,
      false,
      true,
      [1, 2, 3],
      [],
      null,
      2.5,
      'US',
      ['a', 'b'],
      '2026-01-01',
      '%e%',
    ]);
    return [name, dice.of(operators), value];
  }

  /** @param isOwn only ids of records that may be changed */
  #ids(isOwn = false): unknown {
    const dice = this.#dice;
    const count = this.#twins();
    const twin = () => new Twin(dice.below(count));
    if (dice.is(6)) return dice.of<unknown>([99_999_999, [99_999_999], 'x', ['x'], [false], [null], null, [1.5], {}, '1']);
    if (count > 0 && (isOwn || dice.is(40))) return dice.of<() => unknown>([twin, () => [twin()], () => [twin(), twin()]])();
    return isOwn ? [] : dice.of<unknown>([[1], 1, [1, 2], [3, 1], [], [1, 1]]);
  }

  #values(): unknown {
    const dice = this.#dice;
    const values: Record<string, readonly unknown[]> = {
      name: ['A', 'Zoë & <Söhne>', 'tab\tand\nline', '', false, 5, `control \u0001`],
      ref: ['r', false, null, 7],
      partner_latitude: [1, 2.5, -0.25, '3.5', false],
      color: [0, 5, -1, 2.5],
      is_company: [true, false, 1, 'x'],
      type: ['contact', 'invoice', 'nope', false],
      country_id: [1, false],
      category_id: [[[6, 0, []]], [[0, 0, { name: 'c' }]], [[5]], [], false],
      comment: ['<p>x</p>', '<script>x</script>', false],
      email: ['a@example.com', 'x', false],
      active: [true, false],
      lang: ['en_US', false],
    };
    const chosen = dice.some(Object.keys(values), 4);
    if (dice.is(4)) return dice.of(odd);
    const wrong = dice.is(6) ? dice.of(wrongValues) : {};
    return { ...this.#chosen(chosen, values), ...wrong };
  }

  #chosen(chosen: readonly string[], values: Readonly<Record<string, readonly unknown[]>>): Record<string, unknown> {
    const dice = this.#dice;
    return Object.fromEntries(['name', ...chosen].map((name) => [name, dice.of(values[name] ?? [])]));
  }
}

const wrongValues = [
  ...[{ nope: 1 }, { lang: 'xx_XX' }, { country_id: 99_999_999 }, { country_id: 'x' }, { partner_latitude: 'x' }],
  ...[{ color: 2 ** 31 }, { color: 'x' }, { category_id: 'x' }],
];
const ofDatabases = [
  { method: 'server_version', args: [] },
  { method: 'list', args: [] },
  { method: 'drop', args: ['wrong', 'x'] },
  { method: 'create_database', args: ['wrong', 'x', false, 'en_US'] },
];
const brokenXml = ['cut', 'newline', 'empty', 'no method', 'text', 'doctype', 'unknown element', 'no params', 'twice'];
const brokenJson = ['cut', 'empty', 'list', 'text', 'no params', 'null', 'type', 'no type', 'string'];
