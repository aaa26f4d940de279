/** Thrown if the answer of a compiled read is missing or cannot be trusted. Odoo is then asked. */
export class Doubt extends Error {
  /** The reason for the log: `values`, `large` … */
  readonly why: string;

  constructor(why: string, options?: ErrorOptions) {
    super(`a compiled read gave no answer: ${why}`, options);
    this.name = 'Doubt';
    this.why = why;
  }
}
