import { Component, toRaw, useEffect, useState } from '@odoo/owl';
import { browser } from '@web/core/browser/browser';
import { _t } from '@web/core/l10n/translation';
import { registry } from '@web/core/registry';
import type { Services } from '@web/core/utils/hooks';
import { useService } from '@web/core/utils/hooks';
import { standardActionServiceProps } from '@web/webclient/actions/action_service';
import { Chart } from '../core/chart/chart';
import type { ChartTheme } from '../core/chart/colors';
import { formatCount } from '../core/format';
import { GatewayPage } from '../core/page/gateway_page';
import { createAlarm } from './alarm';
import { chartsOf } from './chart/charts';
import type { ChartDefinition } from './chart/definition';
import type { Topic } from './chart/shares';
import { addressOf } from './data/address';
import type { Fault, Figures } from './data/figures';
import type { Lead } from './data/lead';
import { logDomain } from './data/lead';
import type { DashboardState, DashboardStore } from './data/store';
import { useDashboard } from './data/store';
import { FaultFeed } from './faults/fault_feed';
import { KpiCard } from './kpi/kpi_card';
import type { Kpi, KpiGroup } from './kpi/kpis';
import { kpiGroups, mainKpis } from './kpi/kpis';
import { Now } from './now/now';
import { Toolbar } from './toolbar/toolbar';
import { TvHead, useTv } from './tv/tv';
import { Welcome } from './welcome/welcome';

const tvCharts = ['requests', 'statuses', 'latency', 'errors'];

/** The live dashboard. */
export class Dashboard extends Component<{ updateActionState?: (state: object) => void }> {
  static template = 'api_gateway.Dashboard';
  static components = { GatewayPage, Chart, FaultFeed, KpiCard, Now, Toolbar, TvHead, Welcome };
  static props = { ...standardActionServiceProps };

  declare store: DashboardStore;
  declare state: DashboardState;
  declare action: Services['action'];
  declare notification: Services['notification'];
  view: { topic: Topic } = useState({ topic: 'routes' });
  chartNames = ['requests', 'statuses', 'latency', 'errors', 'parts', 'top', 'consumers', 'methods', 'heat_map', 'refusals'];

  override setup(): void {
    this.action = useService('action');
    this.notification = useService('notification');
    const alarm = createAlarm({
      notification: this.notification,
      isSoundOn: () => this.state.sound,
      inspectLatest: () => void this.inspectLatest(),
      openAlerts: (ids) => this.openAlerts(ids),
    });
    this.store = useDashboard(useService('orm').silent, alarm);
    this.state = this.store.state;
    useTv(this.store);
    // Odoo's router does not update the address before the page is mounted.
    useEffect(
      (compare, tv, span) => {
        const timer = browser.setTimeout(() => this.props.updateActionState?.(addressOf({ compare, tv }, span)));
        return () => browser.clearTimeout(timer);
      },
      () => [this.state.compare, this.state.tv, this.state.span],
    );
  }

  /** A display on a wall shows what fits without scrolling. */
  get shownCharts(): string[] {
    return this.state.tv ? tvCharts : this.chartNames;
  }

  get mainKpis(): Kpi[] {
    return mainKpis(this.state);
  }

  get kpiGroups(): KpiGroup[] {
    return kpiGroups(this.state);
  }

  /** Whether no request has ever been made. */
  get isNew(): boolean {
    const { figures, consumers, consumer, statusClass, zoom } = this.state;
    const isFiltered = consumer !== null || statusClass !== null || zoom !== null;
    return figures !== null && !isFiltered && figures.totals.requests === 0 && consumers.length === 0;
  }

  get lostRows(): string | null {
    const lost = this.state.figures?.dropped ?? 0;
    return lost > 0
      ? _t('%s log rows in this range could not be kept. Their requests are still counted.', formatCount(lost))
      : null;
  }

  charts(theme: ChartTheme): Record<string, ChartDefinition> {
    // Reading thousands of points through Owl's proxy is slow. The cards subscribe to the values that change in between.
    const { figures } = this.state;
    return figures === null
      ? {}
      : chartsOf(this.state, toRaw<Figures, Figures>(figures), theme, this.view.topic, (lead) => this.follow(lead));
  }

  follow(lead: Lead): void {
    if ('statusClass' in lead) this.store.filterClass(lead.statusClass);
    else if ('consumer' in lead) this.store.filterConsumer(lead.consumer);
    else if ('since' in lead) this.store.zoom(lead.since, lead.until);
    else if ('action' in lead) void this.action.doAction(lead.action);
    else this.openLog(lead);
  }

  openLog({ name, where, groupBy, mostOf }: Extract<Lead, { name: string }>): void {
    const { figures, consumer, statusClass } = this.state;
    if (figures === null) return;
    const log = {
      type: 'ir.actions.act_window',
      res_model: 'gateway.request.log',
      views: ['list', 'kanban', 'form', 'graph', 'pivot'].map((view) => [false, view]),
      domain: [...logDomain(figures.range, consumer, statusClass), ...where],
      context: groupBy === undefined ? {} : { group_by: groupBy },
      mobile_view_mode: 'kanban',
      name,
    };
    if (this.state.surroundings?.logs === 'errors') {
      this.notification.add(_t('The log keeps only refused and failed requests, unless a profile says otherwise.'), {
        type: 'info',
      });
    }
    void this.action.doAction(log, mostOf === undefined ? {} : { props: { orderBy: [{ name: mostOf, asc: false }] } });
  }

  openAlerts(ids: number[]): void {
    const common = { type: 'ir.actions.act_window', res_model: 'gateway.alert', name: _t('Open Alerts') };
    void this.action.doAction(
      ids.length === 1
        ? { ...common, res_id: ids[0], views: [[false, 'form']] }
        : { ...common, domain: [['id', 'in', ids]], views: ['list', 'kanban', 'form'].map((view) => [false, view]) },
    );
  }

  async inspectLatest(): Promise<void> {
    await this.store.load();
    const failure = this.state.faults.find(({ status }) => status >= 500) ?? this.state.faults[0];
    if (failure !== undefined) this.inspect(failure);
  }

  inspect(fault: Fault): void {
    void this.action.doAction({
      type: 'ir.actions.act_window',
      res_model: 'gateway.request.log',
      res_id: fault.id,
      views: [[false, 'form']],
      target: 'new',
      name: `${fault.method} ${fault.path.split('?')[0]}`,
    });
  }
}

registry.category('lazy_components').add('api_gateway.dashboard', Dashboard);
