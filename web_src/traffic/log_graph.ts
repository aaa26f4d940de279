// The graph of the traffic log and of delivery attempts: statuses in the colours of the dashboard, and counts in whole numbers.

import { cookie } from '@web/core/browser/cookie';
import { registry } from '@web/core/registry';
import { GraphRenderer } from '@web/views/graph/graph_renderer';
import { graphView } from '@web/views/graph/graph_view';
import { classColors } from '../core/chart/colors';
import { formatCount } from '../core/format';

class LogGraphRenderer extends GraphRenderer {
  override getBarChartData(): ReturnType<GraphRenderer['getBarChartData']> {
    const data = super.getBarChartData();
    const colors = classColors(cookie.get('color_scheme') === 'dark' ? 'dark' : 'light');
    for (const dataset of data.datasets) {
      const [, place] = /^([2-5])xx/.exec(dataset.label) ?? [];
      if (place !== undefined) Object.assign(dataset, { backgroundColor: colors[Number(place) - 2] });
    }
    return data;
  }

  override getScaleOptions(): ReturnType<GraphRenderer['getScaleOptions']> {
    const scales = super.getScaleOptions();
    const isCount = this.model.metaData.measure === '__count';
    if (isCount && scales.y !== undefined) Object.assign(scales.y.ticks, { precision: 0, callback: formatCount });
    return scales;
  }
}

registry.category('views').add('gateway_log_graph', { ...graphView, Renderer: LogGraphRenderer });
