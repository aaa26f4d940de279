// Explains actions. Methods of buttons often return an action: what Odoo's web client should do next, such as opening a window.
// An API has no windows, so the answer says what the action means.

interface OdooAction {
  /** Odoo's type of the action, such as `ir.actions.act_window`. */
  readonly type: string;
  readonly message: string;
  readonly model?: string;
  readonly id?: number;
  /** How to continue through the API. */
  readonly next?: readonly string[];
}

/** Describes the action that a method returned; undefined if its result is not an action. */
export function actionOf(result: unknown): OdooAction | undefined {
  if (typeof result !== 'object' || result === null) return undefined;
  const action = result as Readonly<Record<string, unknown>>;
  const { type, res_model: model, res_id: id, target } = action;
  if (typeof type !== 'string' || !type.startsWith('ir.actions.')) return undefined;
  if (type === 'ir.actions.act_window' && typeof model === 'string') {
    const named = typeof id === 'number' && id > 0 ? { model, id } : { model };
    return target === 'new' ? wizard(type, named) : { type, ...named, message: opened(named) };
  }
  if (type === 'ir.actions.report') return { type, message: 'Odoo would now print a report. Nothing was printed.' };
  if (type === 'ir.actions.act_url') return { type, message: 'Odoo would now open the URL in `url`.' };
  return { type, message: "Odoo's web client would now do this. For the API there is nothing to do." };
}

function wizard(type: string, named: { model: string; id?: number }): OdooAction {
  const { model, id } = named;
  const create = `POST /api/v1/${model} creates its record, with the input as values; the action's context contains the default values.`;
  const confirm = `POST /api/v1/${model}/${id ?? '<id>'}/<method> then calls the method of its button.`;
  return {
    type,
    ...named,
    message: `Odoo first asks for input, in the window ${model}. Nothing has happened yet.`,
    next: id === undefined ? [create, confirm] : [confirm],
  };
}

function opened({ model, id }: { model: string; id?: number }): string {
  return id === undefined ? `Odoo would now show a list of ${model}.` : `Odoo would now show ${model} ${id}.`;
}
