import { Component, useState } from '@odoo/owl';
import { deserializeDateTime } from '@web/core/l10n/dates';
import { _t } from '@web/core/l10n/translation';
import { registry } from '@web/core/registry';
import { useService } from '@web/core/utils/hooks';
import { standardActionServiceProps } from '@web/webclient/actions/action_service';
import { CopyButton } from '../core/copy/copy_button';
import { formatCount } from '../core/format';
import { GatewayPage } from '../core/page/gateway_page';
import type { Polling } from '../core/polling';
import { usePolling } from '../core/polling';
import type { ClientName, Way } from './clients';
import { clientGuides } from './clients';

const refreshMs = 3_000;
const unknownUrl = 'https://gateway.example.com';

type WayName = 'key' | 'sign_in';
type Writes = 'allowed' | 'ask' | 'never';

interface AgentKey {
  id: number;
  name: string;
  prefix: string | false;
  scopes: string | false;
  shut_out: boolean;
  writes: Writes;
}

/** The result of `gateway.agent.page.state()`. */
interface AgentState {
  enabled: boolean;
  writes: Writes;
  administrator: boolean;
  url: string | null;
  served: boolean;
  database: string;
  keys: AgentKey[];
  /** Which apps may ask users to sign in. */
  allowed_apps: 'registered' | 'documents' | 'anyone';
  apps: { id: number; name: string; client_id: string }[];
  seen: {
    /** A time in Odoo's format, in UTC; false: no call yet. */
    at: string | false;
    tools: { tool: string; requests: number; errors: number }[];
  } | null;
}

/**
 * How an AI agent connects to Odoo: the setting that allows it, the key, the configuration of the agent's program, and its last
 * request.
 */
export class AgentsPage extends Component {
  static template = 'api_gateway.AgentsPage';
  static components = { CopyButton, GatewayPage };
  static props = { ...standardActionServiceProps };

  declare polling: Polling<AgentState>;
  state: { client: ClientName; way: WayName; keyId: number | null; appId: number | null } = useState({
    client: 'claude_code',
    way: 'key',
    keyId: null,
    appId: null,
  });
  clients = clientGuides;

  override setup(): void {
    const orm = useService('orm');
    this.polling = usePolling(() => {
      const about = this.bySigningIn ? { apps: true } : { key_id: this.state.keyId };
      return orm.silent.call('gateway.agent.page', 'state', [], about) as Promise<AgentState>;
    }, refreshMs);
  }

  get bySigningIn(): boolean {
    return this.state.way === 'sign_in';
  }

  get chosen(): AgentKey | null {
    return this.polling.data?.keys.find(({ id }) => id === this.state.keyId) ?? null;
  }

  get guide() {
    return clientGuides.find(({ client }) => client === this.state.client);
  }

  get app() {
    return this.polling.data?.apps.find(({ id }) => id === this.state.appId) ?? null;
  }

  get text(): string {
    const prefix = this.chosen?.prefix;
    const way: Way = this.bySigningIn
      ? { clientId: this.app?.client_id ?? null }
      : { key: prefix ? `${prefix}…` : 'YOUR_API_KEY' };
    return this.guide?.text({ url: this.polling.data?.url ?? unknownUrl, ...way }) ?? '';
  }

  /** A note that says what has to be added to the configuration. */
  get note(): string {
    if (this.bySigningIn) return _t('The program opens a page of Odoo, where you choose what it may do.');
    return this.chosen === null
      ? _t('Replace YOUR_API_KEY with your key.')
      : _t('Replace the first characters with the whole secret. It was shown when the key was created.');
  }

  get appsNote(): string {
    const allowed = this.polling.data?.allowed_apps;
    if (allowed === 'anyone') return _t('Any program can ask you. Choose an app only if a manager registered your program.');
    if (allowed === 'documents')
      return _t('Programs that have their own web address can ask you. A manager must register others.');
    return this.polling.data?.apps.length === 0
      ? _t('No program may ask yet. A manager must register it first: API Gateway → Access → Registered Apps.')
      : _t('Only programs that a manager registered may ask.');
  }

  get writesNote(): string {
    const writes = (this.bySigningIn ? null : this.chosen?.writes) ?? this.polling.data?.writes;
    if (writes === 'allowed') return _t('The agent changes data without asking. It is safer to let it ask first.');
    if (writes === 'never') return _t('The agent can only read.');
    return _t('Each change is shown to you first, and is made only if you agree.');
  }

  /** "Seen 12 s ago. Tools used: 3." */
  get seenText(): string {
    const seen = this.polling.data?.seen;
    if (!seen || seen.at === false) {
      return this.bySigningIn ? _t('No calls of your apps in the last hour.') : _t('No calls with this key in the last hour.');
    }
    const agoS = Math.max(0, Math.round((Date.now() - deserializeDateTime(seen.at).toMillis()) / 1_000));
    const ago = agoS < 120 ? _t('%s s', formatCount(agoS)) : _t('%s min', formatCount(Math.round(agoS / 60)));
    return _t('Seen %(ago)s ago. Tools used: %(tools)s.', { ago, tools: formatCount(seen.tools.length) });
  }

  get isSeen(): boolean {
    return Boolean(this.polling.data?.seen?.at);
  }

  choose({ target }: { target: HTMLSelectElement }): void {
    this.state.keyId = Number(target.value) || null;
    void this.polling.reload();
  }

  chooseApp({ target }: { target: HTMLSelectElement }): void {
    this.state.appId = Number(target.value) || null;
  }

  goBy(way: WayName): void {
    this.state.way = way;
    void this.polling.reload();
  }

  show(client: ClientName): void {
    this.state.client = client;
  }

  /** Arrow keys move from tab to tab, as the ARIA practices recommend. */
  onTabKey(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    const at = clientGuides.findIndex(({ client }) => client === this.state.client);
    const next = clientGuides[(at + step + clientGuides.length) % clientGuides.length];
    if (next === undefined) return;
    event.preventDefault();
    this.state.client = next.client;
    (event.currentTarget as HTMLElement).querySelector<HTMLElement>(`[data-client=${next.client}]`)?.focus();
  }
}

registry.category('lazy_components').add('api_gateway.agents', AgentsPage);
