import type { Instance, Sidecar } from './instance.ts';
import { startTcpProxy } from './tcp_proxy.ts';

/** A sidecar that has lost Odoo: every request that needs Odoo fails with a server error. */
export async function startBrokenSidecar(gateway: Instance): Promise<Sidecar> {
  const odoo = await startTcpProxy(Number(new URL(gateway.odoo.url).port));
  const sidecar = await gateway.startSidecar({ env: { GATEWAY_ODOO_URL: `http://127.0.0.1:${odoo.port}` } });
  await odoo.cut();
  return sidecar;
}
