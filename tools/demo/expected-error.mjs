/** An error whose message says all there is to say to the person who runs the demo. */
export function expectedError(message, options) {
  return Object.assign(new Error(message, options), { expected: true });
}
