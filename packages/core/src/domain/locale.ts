/** The languages of the log messages. */
export const locales = ['zh', 'en'] as const;

/**
 * The language of the log messages. Errors are always English.
 *
 * @publicApi
 */
export type Locale = (typeof locales)[number];
