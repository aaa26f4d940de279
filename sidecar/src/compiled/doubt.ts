/** A compiled read whose answer is missing or cannot be trusted, so Odoo is asked. */
export class Doubt extends Error {
  /** The reason for the log: `values`, `large` … */
  readonly why: string;

  constructor(why: string, options?: ErrorOptions) {
    super(`a compiled read gave no answer: ${why}`, options);
    this.name = 'Doubt';
    this.why = why;
  }
}
