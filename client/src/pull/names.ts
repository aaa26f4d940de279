// Names of files and types for models.

const words = `false none true and as assert async await break class continue def del elif else except finally for from global if
import in is lambda nonlocal not or pass raise return try while with yield`;
/** Python's keywords in lower case, like the names of files. */
export const pythonKeywords: ReadonlySet<string> = new Set(words.split(/\s/));

export interface Named {
  readonly model: string;
  /** `sale_order` */
  readonly file: string;
  /** `SaleOrder` */
  readonly type: string;
}

/** Names that the file of a model, or its property of the Python client, must not have. */
const files = ['client', 'errors', 'exchange', 'files', 'query', 'records', 'index', 'init', 'schema'];
const properties = ['batch', 'download', 'send', 'upload'];
const reserved = new Set([...files, ...properties, ...pythonKeywords]);

/** The names of two models may differ only in a dot. In that case, the second model's file and type get a number. */
export function namesOf(models: readonly string[]): ReadonlyMap<string, Named> {
  const taken = new Set([...reserved].map((word) => typeOf(word).toLowerCase()));
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
