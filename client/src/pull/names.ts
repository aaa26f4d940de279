// Names of files and types for models.

export interface Named {
  readonly model: string;
  /** `sale_order` */
  readonly file: string;
  /** `SaleOrder` */
  readonly type: string;
}

/** Two models may differ only in a dot: then the second one gets a number. */
export function namesOf(models: readonly string[]): ReadonlyMap<string, Named> {
  const taken = new Set(['index', 'schema', 'client', 'init']);
  const named = new Map<string, Named>();
  for (const model of models) {
    const plain = model.replaceAll('.', '_').toLowerCase();
    let file = plain;
    for (let n = 2; taken.has(typeOf(file).toLowerCase()); n += 1) file = `${plain}_${n}`;
    taken.add(typeOf(file).toLowerCase());
    named.set(model, { model, file, type: typeOf(file) });
  }
  return named;
}

function typeOf(file: string): string {
  return file
    .split('_')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
