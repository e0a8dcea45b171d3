/**
 * Encodes payloads on their way to Redis, and encrypts them. Guide: docs/guides/payload-encryption.md.
 *
 * @module nestjs-affinity-queue/codec
 */
export { createAesGcmCodec, type AesGcmCodecOptions } from './aes-gcm-codec.js';
export { decodedTask, encodedTaskData, type StoredTask } from './stored-task.js';
export type { PayloadCodec, PayloadContext } from '../domain/payload-codec.js';
