// A user of Odoo's web client: a session, calls as the client makes them, and the dialog that asks for the password
// before something sensitive is done.

import type { Answer } from './http_client.ts';
import { HttpClient } from './http_client.ts';

export interface ShownSecret {
  secret: string;
  clientId: string | undefined;
}

/** A database and the Odoo that serves it, such as an Instance. */
export interface Served {
  readonly database: string;
  readonly odoo: { readonly url: string };
}

interface Action {
  res_model?: string;
  res_id?: number;
  context?: Record<string, unknown>;
}

export class OdooWeb {
  readonly #http: HttpClient;
  readonly #cookie: string;
  readonly #password: string;

  private constructor(http: HttpClient, cookie: string, password: string) {
    this.#http = http;
    this.#cookie = cookie;
    this.#password = password;
  }

  static async login(gateway: Served, login = 'admin', password = 'admin'): Promise<OdooWeb> {
    const http = new HttpClient(gateway.odoo.url);
    const body = { jsonrpc: '2.0', params: { db: gateway.database, login, password } };
    // X-Odoo-Database cannot select the database here: Odoo saves no session for requests with this header.
    const answer = await http.post('/web/session/authenticate', body);
    const cookie = sessionOf(answer);
    if (cookie === undefined || answer.json?.error) throw new Error(`login of ${login}: ${answer.text.slice(0, 300)}`);
    return new OdooWeb(http, cookie, password);
  }

  /** Logs in by the form, as a browser does. A user with a second factor must still enter it. */
  static async loginByForm(gateway: Served, login: string, password: string): Promise<OdooWeb> {
    const http = new HttpClient(gateway.odoo.url);
    const sent = await http.get(`/web/login?${new URLSearchParams({ db: gateway.database })}`);
    return new OdooWeb(http, sessionOf(sent) ?? '', password).#submitted('/web/login', { login, password });
  }

  /** Submits this code in the form that asks for the second factor, and returns the resulting session. */
  withCode(code: string): Promise<OdooWeb> {
    return this.#submitted('/web/login/totp', { totp_token: code });
  }

  async #submitted(path: string, values: Record<string, string>): Promise<OdooWeb> {
    const { text } = await this.page(path);
    const csrf_token = /name="csrf_token" value="([^"]+)"/.exec(text)?.[1] ?? '';
    const answer = await this.page(path, new URLSearchParams({ csrf_token, ...values }));
    return new OdooWeb(this.#http, sessionOf(answer) ?? this.#cookie, this.#password);
  }

  /** Throws Odoo's message if Odoo refuses. */
  async call<T>(model: string, method: string, args: unknown[], kwargs: Record<string, unknown> = {}): Promise<T> {
    return this.post<T>('/web/dataset/call_kw', { model, method, args, kwargs });
  }

  /** Calls a JSON route of Odoo; throws Odoo's message when it refuses. */
  async post<T>(path: string, params: object, headers: Record<string, string> = {}): Promise<T> {
    const answer = await this.#http.post(path, { jsonrpc: '2.0', params }, { headers: { Cookie: this.#cookie, ...headers } });
    const { error, result } = answer.json ?? {};
    if (error) throw new Error(`${error.data?.name}: ${error.data?.message}`);
    return result as T;
  }

  /** A page of Odoo as the browser gets it, or the answer to a submitted form. */
  page(path: string, form?: URLSearchParams, headers: Record<string, string> = {}): Promise<Answer> {
    const named = { Cookie: this.#cookie, ...headers };
    if (form === undefined) return this.#http.get(path, { headers: named });
    const type = { 'Content-Type': 'application/x-www-form-urlencoded' };
    return this.#http.request('POST', path, { headers: { ...type, ...named }, body: form.toString() });
  }

  /** A file that the client downloads. */
  async download(path: string): Promise<{ bytes: Buffer; disposition: string | null }> {
    const answer = await fetch(new URL(path, this.#http.url), { headers: { Cookie: this.#cookie } });
    return { bytes: Buffer.from(await answer.arrayBuffer()), disposition: answer.headers.get('content-disposition') };
  }

  /** The menu entries that the user sees, by id. */
  async menus<Menu>(): Promise<Record<string, Menu>> {
    const answer = await this.#http.get('/web/webclient/load_menus', { headers: { Cookie: this.#cookie } });
    if (answer.status !== 200) throw new Error(`menus: ${answer.status} ${answer.text.slice(0, 300)}`);
    return answer.json as Record<string, Menu>;
  }

  /** Calls a method that asks for the password, enters it, and returns the method's result. */
  async callConfirmed<T>(model: string, method: string, args: unknown[], kwargs: Record<string, unknown> = {}): Promise<T> {
    const action = await this.call<Action>(model, method, args, kwargs);
    if (action.res_model !== 'res.users.identitycheck') return action as T;
    return this.call<T>('res.users.identitycheck', 'run_check', [[action.res_id]], { context: { password: this.#password } });
  }

  /** Creates a gateway key or an OAuth2 client, and returns the secret that the dialog shows once. */
  async create(model: 'gateway.key' | 'gateway.client', values: Record<string, unknown>): Promise<ShownSecret & { id: number }> {
    const shown = this.#shown(await this.callConfirmed<Action>(model, 'action_create_with_secret', [values]));
    const [id] = await this.call<number[]>(model, 'search', [[['name', '=', values['name']]]], { order: 'id desc', limit: 1 });
    return { ...shown, id: Number(id) };
  }

  async rotate(model: 'gateway.key' | 'gateway.client', id: number, graceHours: number): Promise<ShownSecret> {
    return this.#shown(await this.callConfirmed<Action>(model, 'action_rotate', [[id], graceHours]));
  }

  #shown(action: Action): ShownSecret {
    const { default_secret: secret, default_client_id: clientId } = action.context ?? {};
    if (typeof secret !== 'string') throw new Error(`no secret was shown: ${JSON.stringify(action).slice(0, 300)}`);
    return { secret, clientId: typeof clientId === 'string' ? clientId : undefined };
  }
}

function sessionOf({ headers }: Answer): string | undefined {
  return /session_id=[^;]+/.exec(headers.get('set-cookie') ?? '')?.[0];
}
