/** What became of one fault. */
export interface LoggedFault {
  readonly kind: string;
  readonly detail: string;
  readonly target: string;
  /** Whether it was seen to hit. */
  readonly hit: boolean;
  /** Attempts that ended after its beginning, in the same episode. */
  readonly commitsAfter: number;
}

export const commitsToCount = 10;

/** A fault counts if it hit and the system went on afterwards. */
export function counts({ hit, commitsAfter }: LoggedFault): boolean {
  return hit && commitsAfter >= commitsToCount;
}
