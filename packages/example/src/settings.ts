import { z } from 'zod';

/**
 * The application's own environment variables; the queue's are read by the library itself.
 * Unknown variables pass through, because the library and Nest read theirs from the same place.
 */
const settingsSchema = z.looseObject({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  /** Where mail goes, e.g. smtp://localhost:1025; without it each mail is saved as an .eml file in DATA_DIR/outbox. */
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  /** Invoices, ledgers, saved mail and run logs are written here. */
  DATA_DIR: z.string().min(1).default('var'),
  /** Largest body of POST /tasks/bulk in bytes. */
  BULK_MAX_BYTES: z.coerce.number().int().positive().default(16_777_216),
  /** Under PM2: the number of this instance. */
  NODE_APP_INSTANCE: z.string().optional(),
});

export type Settings = z.infer<typeof settingsSchema>;

/**
 * An empty variable counts as unset.
 *
 * @throws Error that names each wrong variable and what is allowed
 */
export function readSettings(environment: Record<string, unknown>): Settings {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = settingsSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new Error(`Wrong environment variables:\n${z.prettifyError(parsed.error)}`);
}
