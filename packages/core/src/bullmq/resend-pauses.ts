/** Before what was not answered is sent again for the first time. */
export const firstResendMs = 100;
const longestResendMs = 1_000;

/** How long to wait after a resend that was not answered either. */
export const nextResendMs = (ms: number): number => Math.min(2 * ms, longestResendMs);

/** Pauses before something is sent again, which all end at once when there is no time left for them. */
export class ResendPauses {
  readonly #interrupts = new Set<() => void>();

  /** Resolves after so long, or when pauses are ended. */
  async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#interrupts.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#interrupts.add(done);
    });
  }

  /** Ends those that last at this moment. */
  end(): void {
    for (const interrupt of this.#interrupts) interrupt();
  }
}
