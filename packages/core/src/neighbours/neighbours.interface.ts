/** Is told which other processes of the queue are registered on this host. */
export interface NeighbourSightings {
  /** All of them, as `<pid>:<start time>`. */
  sighted(processes: readonly string[]): void;
  /** There may be new ones. */
  refresh(): void;
}

/** For an instance that does not watch. */
export const noNeighbours: NeighbourSightings = Object.freeze({
  sighted: () => undefined,
  refresh: () => undefined,
});
