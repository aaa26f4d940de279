// The documentation page: fetches the OpenAPI document, with the pasted key if there is one, and passes it to Scalar.
// The key stays in this page's memory: it is neither stored nor sent anywhere but to the gateway.

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
let shown: Reference | undefined;
let asked = 0;

modelsField.value = new URLSearchParams(location.search).get('models') ?? '';
form.addEventListener('submit', (event) => {
  event.preventDefault();
  void show();
});
new ResizeObserver(() => document.body.style.setProperty('--bar-height', `${form.offsetHeight}px`)).observe(form);
void show();

async function show(): Promise<void> {
  asked += 1;
  const mine = asked;
  const key = keyField.value.trim();
  const models = modelsField.value.trim();
  if (models !== '' && key === '') {
    tell('Paste a key to see the models that you may use.');
    if (shown !== undefined) return;
  }
  place.ariaBusy = 'true';
  try {
    const content = await read(key, key === '' ? '' : models);
    if (mine !== asked) return;
    render(content, key);
    if (key !== '') tell('');
    remember(models);
  } catch (error) {
    if (mine === asked) tell(error instanceof Error ? error.message : String(error));
  } finally {
    if (mine === asked) place.ariaBusy = 'false';
  }
}

async function read(key: string, models: string): Promise<unknown> {
  const url = new URL('openapi.json', location.href);
  if (models !== '') url.searchParams.set('models', models);
  let response: Response;
  try {
    response = await fetch(url, { headers: key === '' ? {} : { 'X-API-Key': key }, credentials: 'omit' });
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
    authentication: { preferredSecurityScheme: 'ApiKey', securitySchemes: { ApiKey: { value: key } } },
    persistAuth: false,
    telemetry: false,
    withDefaultFonts: false,
    showDeveloperTools: 'never',
    hideClientButton: true,
    agent: { disabled: true, hideAddApi: true },
    mcp: { disabled: true },
    documentDownloadType: 'json',
    // Odoo's models appear as tags here.
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

/** Only the models: a key must not be in a URL. */
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
