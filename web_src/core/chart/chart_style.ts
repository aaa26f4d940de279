// The style of the charts' shadow trees. Of the page's own styles, only CSS variables apply there.

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
