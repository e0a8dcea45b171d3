import type { PayloadCodec } from '../domain/payload-codec.js';
import { isRecord } from '../domain/task-option-rules.js';
import type { ResolveContext } from './resolve-context.js';

/** The option, else the root queue's (feature), else none. */
export function resolvePayloadCodec({ groups, root, problems }: ResolveContext): PayloadCodec | undefined {
  const { payloadCodec: given } = groups.queueOptions;
  const codec = given === undefined ? root?.payloadCodec : given;
  if (codec === undefined) return undefined;
  const isCodec = isRecord(codec) && typeof codec.encode === 'function' && typeof codec.decode === 'function';
  // Never shown: a codec has keys.
  if (!isCodec) {
    const got = codec === null ? 'null' : `a value of type ${typeof codec}`;
    problems.addText('queueOptions.payloadCodec', got, 'an object with the functions encode and decode');
  }
  return codec as PayloadCodec;
}
