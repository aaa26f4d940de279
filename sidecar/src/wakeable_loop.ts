/** How long to wait before the next run, and whether `wake` may end the wait. */
export interface Wait {
  readonly ms: number;
  readonly canBeWoken: boolean;
}

/** Repeats a task. `wake` can end the wait between two runs early. */
export class WakeableLoop {
  readonly #turn: () => Promise<Wait>;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;
  #hinted = false;
  #wake: (() => void) | undefined;

  /** @param turn must not reject */
  constructor(turn: () => Promise<Wait>) {
    this.#turn = turn;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Ends the wait; if called during a run, skips the next wait. */
  wake(): void {
    this.#hinted = true;
    this.#wake?.();
  }

  /** Resolves when the last run has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#hinted = false;
      await this.#sleep(await this.#turn());
    }
  }

  async #sleep({ ms, canBeWoken }: Wait): Promise<void> {
    if (this.#stopped || (canBeWoken && this.#hinted)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        if (!canBeWoken && !this.#stopped) return;
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = undefined;
  }
}
