// The style of the charts' shadow trees. Inside a shadow tree, only the CSS variables of the page's own styles apply.

export const chartStyle = `
  .apexcharts-pie-area, .apexcharts-bar-area { cursor: pointer; }

  .apexcharts-tooltip, .apexcharts-xaxistooltip {
    border-color: var(--o-api-gateway-border) !important;
    background: var(--o-api-gateway-surface) !important;
    color: var(--o-api-gateway-text) !important;
    box-shadow: 0 0.25rem 1rem rgba(0, 0, 0, 0.18) !important;
  }

  .apexcharts-tooltip-title {
    border-color: var(--o-api-gateway-border) !important;
    background: var(--o-api-gateway-background) !important;
  }
`;
