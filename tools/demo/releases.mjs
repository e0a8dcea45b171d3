/** What was started and has to be stopped, last started first. */
export class Releases {
  #entries = [];
  #closed = false;

  /**
   * Once everything is being stopped, what was just started is stopped at once, and nothing more gets started.
   *
   * @param {string} what for the message when it fails
   * @param {() => Promise<void> | void} release
   */
  add(what, release) {
    if (this.#closed) {
      void release();
      throw new Error(`${what}: too late, everything is being stopped`);
    }
    this.#entries.push({ what, release });
  }

  /** Stops everything; a stop that fails is reported and does not keep the others from being stopped. */
  async releaseAll() {
    this.#closed = true;
    for (let entry = this.#entries.pop(); entry; entry = this.#entries.pop()) {
      try {
        await entry.release();
      } catch (error) {
        console.error(`✗ could not stop ${entry.what}: ${error.message}`);
        process.exitCode = 1;
      }
    }
  }
}
