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
import type { ClientName } from './clients';
import { clientGuides } from './clients';

const refreshMs = 3_000;
const unknownUrl = 'https://gateway.example.com';

type Writes = 'allowed' | 'ask' | 'never';

interface AgentKey {
  id: number;
  name: string;
  prefix: string | false;
  scopes: string | false;
  shut_out: boolean;
  writes: Writes;
}

/** `gateway.agent.page.state()`. */
interface AgentState {
  enabled: boolean;
  writes: Writes;
  administrator: boolean;
  url: string | null;
  served: boolean;
  database: string;
  keys: AgentKey[];
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
  state: { client: ClientName; keyId: number | null } = useState({ client: 'claude_code', keyId: null });
  clients = clientGuides;

  override setup(): void {
    const orm = useService('orm');
    this.polling = usePolling(
      () => orm.silent.call('gateway.agent.page', 'state', [], { key_id: this.state.keyId }) as Promise<AgentState>,
      refreshMs,
    );
  }

  get chosen(): AgentKey | null {
    return this.polling.data?.keys.find(({ id }) => id === this.state.keyId) ?? null;
  }

  get guide() {
    return clientGuides.find(({ client }) => client === this.state.client);
  }

  get text(): string {
    const prefix = this.chosen?.prefix;
    return this.guide?.text({ url: this.polling.data?.url ?? unknownUrl, key: prefix ? `${prefix}…` : 'YOUR_API_KEY' }) ?? '';
  }

  get keyNote(): string {
    return this.chosen === null
      ? _t('Replace YOUR_API_KEY with your key.')
      : _t('Replace the first characters with the whole secret. It was shown when the key was created.');
  }

  get writesNote(): string {
    const writes = this.chosen?.writes ?? this.polling.data?.writes;
    if (writes === 'allowed') return _t('With this key, an agent changes data without asking. It is safer to let it ask first.');
    if (writes === 'never') return _t('With this key, an agent can only read.');
    return _t('Each change is first shown to you, and made only if you agree.');
  }

  /** "Seen 12 s ago. Tools used: 3." */
  get seenText(): string {
    const seen = this.polling.data?.seen;
    if (!seen || seen.at === false) return _t('No calls with this key in the last hour.');
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
