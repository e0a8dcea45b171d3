/** Parts of BullMQ that it ships without types beside them: bullmq-scripts.ts alone reads them. */
declare module 'bullmq/dist/cjs/scripts/index.js' {
  const scripts: Readonly<Record<string, { readonly content: string; readonly keys: number } | undefined>>;
  export = scripts;
}

declare module 'bullmq/dist/cjs/version.js' {
  export const version: string;
}
