export { createAesGcmCodec, type AesGcmCodecOptions } from './aes-gcm-codec.js';
export { decodedTask, encodedTaskData, type StoredTask } from './stored-task.js';
export type { PayloadCodec, PayloadContext } from '../domain/payload-codec.js';
