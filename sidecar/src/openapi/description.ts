// The input for the OpenAPI document: models and resources as the caller may use them. It comes from the executor's `models` and
// `describe`, in the caller's language.

export interface FieldDescription {
  readonly type: string;
  readonly string?: string | undefined;
  readonly help?: string | false | undefined;
  readonly required?: boolean | undefined;
  readonly readonly?: boolean | undefined;
  readonly store?: boolean | undefined;
  readonly relation?: string | undefined;
  readonly selection?: readonly (readonly [unknown, string])[] | undefined;
  /** The choices depend on the database, and records may have outdated ones. */
  readonly choices_vary?: boolean | undefined;
  /** Whether Odoo fills in the field if a new record has no value for it. */
  readonly has_default?: boolean | undefined;
}

export type Fields = Readonly<Record<string, FieldDescription>>;

/** The actions that both the user's rights in Odoo and the credential's scopes allow. */
export interface Rights {
  readonly read: boolean;
  readonly write: boolean;
  readonly create: boolean;
  readonly delete: boolean;
  readonly call: boolean;
}

export interface ModelDescription {
  readonly model: string;
  /** The label in Odoo, for people. */
  readonly label: string;
  readonly rights: Rights;
  readonly fields: Fields;
}

export interface ResourceLine {
  readonly name: string;
  readonly read: boolean;
  readonly write: boolean;
  readonly required: boolean;
  readonly isEmail: boolean;
  /** Public values that are replaced by other values on writing. Other strings are allowed, too. */
  readonly words: readonly string[] | undefined;
  /** The type of the underlying field of the model. */
  readonly field: FieldDescription;
  /** The fields of a relation's records, if the resource shows them. */
  readonly nested: readonly ResourceLine[] | undefined;
}

export interface ResourceDescription {
  readonly name: string;
  readonly label: string;
  readonly model: string;
  readonly rights: Omit<Rights, 'call'>;
  readonly lines: readonly ResourceLine[];
}

/** All input that differs between callers, languages and settings. */
export interface Described {
  readonly models: readonly ModelDescription[];
  readonly resources: readonly ResourceDescription[];
  readonly limit: { readonly standard: number; readonly most: number };
  readonly mostOperations: number;
}

export type Schema = Readonly<Record<string, unknown>>;
