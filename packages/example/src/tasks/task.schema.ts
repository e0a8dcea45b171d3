import type { Task } from 'nestjs-affinity-queue';
import { z } from 'zod';

/** A task as the HTTP API takes it: the library's task and, optionally, how to queue it. */
export interface TaskRequest extends Task {
  options?: { jobId?: string; delay?: number };
}

const MAX_TAG_BYTES = 512;

/** Position among the company's tasks; only carried along, so that order can be checked from outside. */
const sequence = z.int().positive().optional();

export const sendEmailPayload = z.looseObject({
  sequence,
  to: z.email(),
  subject: z.string().max(998).default('(no subject)'),
  text: z.string().default(''),
});

export const generateInvoicePayload = z.looseObject({
  sequence,
  customer: z.string().max(200).default('Customer'),
  currency: z.string().length(3).default('EUR'),
  items: z
    .array(
      z.looseObject({
        description: z.string().min(1).max(200),
        quantity: z.number().positive(),
        unitPrice: z.number(),
      }),
    )
    .max(200)
    .default([]),
});

export const processDataPayload = z.looseObject({
  sequence,
  account: z.string().min(1).max(100).default('main'),
  amount: z.number().default(0),
  /** Milliseconds the bank takes to confirm: stands in for the remote call that such a handler makes. */
  confirmationMs: z.int().min(0).max(60_000).default(0),
});

export type SendEmailPayload = z.infer<typeof sendEmailPayload>;
export type GenerateInvoicePayload = z.infer<typeof generateInvoicePayload>;
export type ProcessDataPayload = z.infer<typeof processDataPayload>;

const identifyTag = z
  .string()
  .min(1, 'must not be empty')
  .refine((tag) => Buffer.byteLength(tag) <= MAX_TAG_BYTES, `must not be longer than ${MAX_TAG_BYTES} bytes`);

const options = z
  .strictObject({
    jobId: z.string().min(1).max(200).optional(),
    delay: z.int().min(0).optional(),
  })
  .optional();

const request = <T extends string, P extends z.ZodType>(type: T, payload: P) =>
  z.strictObject({ type: z.literal(type), identifyTag, payload, options });

/** What the API accepts; the error of each field says what is allowed. */
export const taskSchema = z.discriminatedUnion(
  'type',
  [
    request('send-email', sendEmailPayload),
    request('generate-invoice', generateInvoicePayload),
    request('process-data', processDataPayload),
  ],
  {
    error: (issue) =>
      issue.code === 'invalid_union'
        ? 'must be one of send-email, generate-invoice, process-data'
        : 'a JSON object {type, identifyTag, payload} is expected (Content-Type: application/json)',
  },
);
