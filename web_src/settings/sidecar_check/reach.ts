// Whether a page of this origin, in this browser, may call an address.

/** `mixed`: https pages may not call http; `origin`: it answers, but CORS does not let this page read the answer. */
export interface Reach {
  state: 'ok' | 'mixed' | 'origin' | 'unreachable';
  ms: number | null;
}

const limitMs = 5_000;

export async function reachFromHere(url: string): Promise<Reach> {
  const { protocol, hostname } = new URL(url);
  // Browsers trust the machine on which they run, even over http.
  const isLocal = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  if (location.protocol === 'https:' && protocol === 'http:' && !isLocal) return { state: 'mixed', ms: null };
  // This endpoint needs no credential, so the browser's console shows no error.
  const address = `${url}/.well-known/oauth-authorization-server`;
  const startedAt = performance.now();
  if (await answers(address, 'cors')) return { state: 'ok', ms: performance.now() - startedAt };
  return { state: (await answers(address, 'no-cors')) ? 'origin' : 'unreachable', ms: null };
}

async function answers(address: string, mode: RequestMode): Promise<boolean> {
  try {
    await fetch(address, { mode, credentials: 'omit', cache: 'no-store', signal: AbortSignal.timeout(limitMs) });
    return true;
  } catch {
    return false;
  }
}
