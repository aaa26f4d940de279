// The charts of the dashboard: their content, and the effect of a click or a drag.

import type { ChartTheme } from '../../core/chart/colors';
import type { Figures, StatusClass } from '../data/figures';
import type { Lead } from '../data/lead';
import type { ChartDefinition } from './definition';
import { heatMapChart } from './heat_map';
import { errorsChart, latencyChart, requestsChart } from './over_time';
import { partsChart } from './parts';
import type { Topic } from './shares';
import { consumersChart, methodsChart, refusalsChart, statusesChart, topChart } from './shares';

/** The charts in the order of the page, each with a name. */
export function chartsOf(
  { statusClass }: { statusClass: StatusClass | null },
  figures: Figures,
  theme: ChartTheme,
  topic: Topic,
  follow: (lead: Lead) => void,
): Record<string, ChartDefinition> {
  const input = { figures, theme, statusClass, follow };
  const definitions = [
    requestsChart(input),
    statusesChart(input),
    latencyChart(input),
    errorsChart(input),
    partsChart(input),
    topChart(input, topic),
    consumersChart(input),
    methodsChart(input),
    heatMapChart(input),
    refusalsChart(input),
  ];
  return Object.fromEntries(definitions.map((definition) => [definition.name, definition]));
}
