// Redirect URIs, at which apps receive answers: a URL on the web, a port on the user's computer, or a URL scheme for which the
// operating system opens the app (RFC 8252).

const longest = 1_000;
/** Schemes that browsers and systems handle themselves, so that no app could receive the answer. */
const notApps = new Set(
  'about blob chrome data file filesystem ftp intent jar javascript mailto ms-settings resource sms tel urn vbscript view-source ws wss'.split(
    ' ',
  ),
);

/** Whether an app may register this redirect URI. */
export function isRedirectUri(text: string): boolean {
  if (text.length > longest || !/^[\x21-\x7e]+$/.test(text) || text.includes('#') || !URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (`${username}${password}` !== '') return false;
  if (protocol === 'https:') return true;
  if (protocol === 'http:') return isLoopback(hostname);
  return /^[a-z][a-z0-9+.-]+:$/.test(protocol) && !notApps.has(protocol.slice(0, -1));
}

/** Whether the URI equals a registered one. On the user's own computer, any port is accepted (RFC 8252, section 7.3). */
export function isRegistered(asked: string, registered: readonly string[]): boolean {
  return isRedirectUri(asked) && registered.some((uri) => uri === asked || withoutPort(uri) === withoutPort(asked));
}

/** The URI, without its port if it leads to the user's computer. */
function withoutPort(uri: string): string {
  if (!isRedirectUri(uri)) return uri;
  const url = new URL(uri);
  if (url.protocol !== 'http:') return uri;
  url.port = '';
  return url.href;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]';
}
