import { displayValue } from '../domain/text.js';
import { InvalidOptionsError, type OptionProblem } from '../errors/errors.js';
import { redactText, redactUrl } from '../errors/redact.js';

/** Collects all that is wrong with the options of a queue, so that one start shows all of it. */
export class ProblemList {
  readonly #problems: OptionProblem[] = [];

  /**
   * @param option - path of the option, or name of the variable that the value came from
   * @param value - shown in the message; never the value of a secret
   * @param allowed - completes "allowed: …"
   */
  add(option: string, value: unknown, allowed: string): void {
    this.#problems.push(Object.freeze({ option, value: showValue(option, value), allowed }));
  }

  /** For values that cannot be shown, or whose absence is the problem. */
  addText(option: string, got: string, allowed: string): void {
    this.#problems.push(Object.freeze({ option, value: got, allowed }));
  }

  /** @throws {@link InvalidOptionsError} when anything was added */
  throwIfAny(): void {
    if (this.#problems.length > 0) throw new InvalidOptionsError(this.#problems);
  }
}

function showValue(option: string, value: unknown): string {
  if (value === undefined) return 'nothing';
  if (/password/i.test(option)) return `a ${value === null ? 'null' : typeof value} (hidden)`;
  if (typeof value !== 'string') return displayValue(value);
  // A URL may also stand where none belongs, such as in `host`.
  return displayValue(/url$/i.test(option) ? redactUrl(value) : redactText(value));
}
