// The documentation page: fetches the OpenAPI document, with the pasted key or as the user who opened the page from Odoo, and
// passes it to Scalar. Keys and tokens stay in this page's memory: they are neither stored nor sent anywhere but to the gateway.

interface Reference {
  destroy(): void;
}

declare const Scalar: {
  createApiReference(element: string | Element, configuration: Record<string, unknown>): Reference;
};

const [form, keyField, modelsField, said, place] = [
  element('caller', HTMLFormElement),
  element('key', HTMLInputElement),
  element('models', HTMLInputElement),
  element('said', HTMLOutputElement),
  element('reference', HTMLElement),
];
const who = element('who', HTMLElement);
let shown: Reference | undefined;
let asked = 0;
/** The token received for Odoo's ticket. A pasted key takes precedence. */
let token: string | undefined;

modelsField.value = new URLSearchParams(location.search).get('models') ?? '';
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void show();
});
new ResizeObserver(() => document.body.style.setProperty('--bar-height', `${form.offsetHeight}px`)).observe(form);
void signIn().then(show);

/**
 * Signs in with the ticket after the #, which is valid once. The ticket is removed from the address at once, so that nobody
 * copies it.
 */
async function signIn(): Promise<void> {
  const given = new URLSearchParams(location.hash.slice(1));
  const ticket = given.get('ticket');
  if (ticket === null) return;
  history.replaceState(null, '', location.pathname + location.search);
  const answer = await call('docs/login', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Odoo-Database': given.get('database') ?? '' },
    body: JSON.stringify({ ticket }),
  }).catch(() => undefined);
  if (answer === undefined) {
    tell('The link from Odoo has already been used, or is too old. Open this page from Odoo again, or paste a key.');
    return;
  }
  const { access_token, expires_in, user } = answer.data;
  token = access_token;
  const until = new Date(Date.now() + expires_in * 1_000).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  who.textContent = `Signed in as ${user.name} (${user.login}) until ${until}`;
  who.hidden = false;
  keyField.placeholder = 'Paste a key to see its API instead';
}

async function show(): Promise<void> {
  asked += 1;
  const mine = asked;
  const key = keyField.value.trim();
  const models = modelsField.value.trim();
  if (models !== '' && key === '' && token === undefined) {
    tell('Paste a key to see the models that you may use.');
    if (shown !== undefined) return;
  }
  place.ariaBusy = 'true';
  try {
    const isKnown = key !== '' || token !== undefined;
    const content = await read(key, isKnown ? models : '');
    if (mine !== asked) return;
    render(content, key);
    if (isKnown) tell('');
    remember(models);
  } catch (error) {
    if (mine === asked) tell(error instanceof Error ? error.message : String(error));
  } finally {
    if (mine === asked) place.ariaBusy = 'false';
  }
}

async function read(key: string, models: string): Promise<unknown> {
  const query = models === '' ? '' : `?${new URLSearchParams({ models })}`;
  return call(`openapi.json${query}`, { headers: credential(key) });
}

function credential(key: string): Record<string, string> {
  if (key !== '') return { 'X-API-Key': key };
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}

/** The JSON of the answer. If the gateway refuses, throws its message. */
// biome-ignore lint/suspicious/noExplicitAny: the gateway's own answers
async function call(path: string, init: RequestInit): Promise<any> {
  let response: Response;
  try {
    response = await fetch(new URL(path, location.href), { ...init, credentials: 'omit' });
  } catch {
    throw new Error('The gateway does not answer.');
  }
  const answer = await response.json();
  if (!response.ok) throw new Error(answer?.error?.message ?? `The gateway answers ${response.status}.`);
  return answer;
}

function render(content: unknown, key: string): void {
  shown?.destroy();
  place.replaceChildren();
  shown = Scalar.createApiReference(place, {
    content,
    // "Try it" requests go directly to the gateway.
    proxyUrl: '',
    authentication:
      key === '' && token !== undefined
        ? { preferredSecurityScheme: 'Bearer', securitySchemes: { Bearer: { token } } }
        : { preferredSecurityScheme: 'ApiKey', securitySchemes: { ApiKey: { value: key } } },
    persistAuth: false,
    telemetry: false,
    withDefaultFonts: false,
    showDeveloperTools: 'never',
    hideClientButton: true,
    agent: { disabled: true, hideAddApi: true },
    mcp: { disabled: true },
    documentDownloadType: 'json',
    // In this document, Odoo's models are tags, so Scalar's "models" are called schemas.
    modelsSectionLabel: 'Schemas',
    defaultOpenAllTags: false,
    theme: 'default',
    customCss: style,
  });
}

/** Odoo's purple, and its fonts. */
const style = `
  :root { --scalar-font: system-ui, -apple-system, "Segoe UI", Roboto, Ubuntu, "Noto Sans", sans-serif;
    --scalar-font-code: ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
  .light-mode { --scalar-color-accent: #714b67; --scalar-background-accent: #714b6714; }
  .dark-mode { --scalar-color-accent: #c89bbd; --scalar-background-accent: #c89bbd1f; }`;

function tell(text: string): void {
  said.textContent = text;
  said.classList.toggle('is-fault', text !== '');
}

/** Puts only the models into the URL, because a key must not be in a URL. */
function remember(models: string): void {
  const url = new URL(location.href);
  if (models === '') url.searchParams.delete('models');
  else url.searchParams.set('models', models);
  history.replaceState(null, '', url);
}

function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`The page has no ${id}.`);
  return found;
}
