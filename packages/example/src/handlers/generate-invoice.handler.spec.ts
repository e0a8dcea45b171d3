import { readFile, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { configOf, runOf, temporaryFolder } from '../../test/support/handlers.js';
import { GenerateInvoiceHandler } from './generate-invoice.handler.js';

let folder: string;
let handler: GenerateInvoiceHandler;
beforeEach(async () => {
  folder = await temporaryFolder();
  handler = new GenerateInvoiceHandler(configOf({ DATA_DIR: folder }));
});
afterEach(() => rm(folder, { recursive: true }));

const payload = { customer: 'ana', items: [{ description: 'Consulting', quantity: 2, unitPrice: 120 }] };

describe('GenerateInvoiceHandler', () => {
  it('writes a PDF', async () => {
    const result = await handler.handle(payload, runOf('t1'));
    expect(result).toEqual({ status: 'generated', invoiceId: 'INV-t1', file: 'company-1/t1.pdf' });
    const pdf = await readFile(join(folder, 'invoices', 'company-1', 't1.pdf'), 'latin1');
    expect(pdf.startsWith('%PDF-')).toBe(true);
    expect(pdf.trimEnd().endsWith('%%EOF')).toBe(true);
  });

  it('writes the same file when it runs again', async () => {
    const first = await handler.handle(payload, runOf('t1'));
    expect(await handler.handle(payload, runOf('t1'))).toEqual(first);
    await expect(readdir(join(folder, 'invoices', 'company-1'))).resolves.toEqual(['t1.pdf']);
  });

  it('refuses a payload that is none', async () => {
    await expect(handler.handle({ items: 3 }, runOf('t1'))).rejects.toThrow('items');
  });
});
