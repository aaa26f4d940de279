// The charts of the dashboard: their content, and the effect of a click or a drag.

import type { ChartTheme } from '../../core/chart/palette';
import type { Figures } from '../data/figures';
import type { ChartActions, ChartDefinition } from './definition';
import { heatMapChart } from './heat_map';
import { errorsChart, latencyChart, requestsChart } from './over_time';
import type { Topic } from './shares';
import { consumersChart, methodsChart, refusalsChart, statusesChart, topChart } from './shares';

/** By name, in the order of the page. */
export function chartsOf(
  figures: Figures,
  theme: ChartTheme,
  topic: Topic,
  actions: ChartActions,
): Record<string, ChartDefinition> {
  const input = { figures, theme, actions };
  const definitions = [
    requestsChart(input),
    statusesChart(input),
    latencyChart(input),
    errorsChart(input),
    topChart(input, topic),
    consumersChart(input),
    methodsChart(input),
    heatMapChart(input),
    refusalsChart(input),
  ];
  return Object.fromEntries(definitions.map((definition) => [definition.name, definition]));
}
