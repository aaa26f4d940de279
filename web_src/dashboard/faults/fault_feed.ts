import { Component, useState } from '@odoo/owl';
import { useService } from '@web/core/utils/hooks';
import { errorText } from '../../core/error_text';
import { formatMoment, formatMs } from '../../core/format';
import type { Fault } from '../data/figures';
import type { DashboardState, DashboardStore } from '../data/store';
import { csvOf, download } from './csv';

interface Props {
  store: DashboardStore;
  inspect: (fault: Fault) => void;
}

/** The latest refusals and failures in the log. */
export class FaultFeed extends Component<Props> {
  static template = 'api_gateway.FaultFeed';
  static props = { store: Object, inspect: Function };

  state: DashboardState = useState(this.props.store.state);
  download = useState({ isRunning: false });
  formatMs = formatMs;
  declare notify: (message: string) => void;

  override setup(): void {
    const notification = useService('notification');
    this.notify = (message) => notification.add(message, { type: 'danger' });
  }

  timeOf({ at }: Fault): string {
    const isToday = Date.now() - at < 86_400_000;
    return formatMoment(at, { timeStyle: 'medium', ...(isToday ? {} : { dateStyle: 'short' }) });
  }

  pathOf({ path }: Fault): string {
    return path.split('?')[0] ?? path;
  }

  async exportCsv(): Promise<void> {
    this.download.isRunning = true;
    try {
      const day = new Date().toISOString().slice(0, 10);
      download(`api-faults-${day}.csv`, 'text/csv;charset=utf-8', csvOf(await this.props.store.allFaults()));
    } catch (error) {
      this.notify(errorText(error));
    } finally {
      this.download.isRunning = false;
    }
  }
}
