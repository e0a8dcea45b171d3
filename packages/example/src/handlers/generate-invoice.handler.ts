import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import PDFDocument from 'pdfkit';
import type { Settings } from '../settings.js';
import { generateInvoicePayload, type GenerateInvoicePayload } from '../tasks/task.schema.js';
import { fileNameOf } from './file-names.js';
import { replaceFile } from './replace-file.js';
import { taskIdOf, type TaskHandler, type TaskRun } from './task-handler.js';

/** Writes an invoice as PDF. Tasks run at least once: number and file follow from the task's id, so a re-run writes the same file. */
@Injectable()
export class GenerateInvoiceHandler implements TaskHandler {
  private readonly folder: string;

  constructor(config: ConfigService<Settings, true>) {
    this.folder = join(config.get('DATA_DIR', { infer: true }), 'invoices');
  }

  async handle(payload: unknown, run: TaskRun): Promise<unknown> {
    const invoice = generateInvoicePayload.parse(payload);
    const taskId = taskIdOf(run);
    const invoiceId = `INV-${taskId}`;
    const file = join(fileNameOf(run.identifyTag), `${fileNameOf(taskId)}.pdf`);
    const document = render(invoiceId, run.identifyTag, invoice);
    await replaceFile(join(this.folder, file), await buffer(document));
    return { status: 'generated', invoiceId, file };
  }
}

function render(invoiceId: string, company: string, invoice: GenerateInvoicePayload): typeof PDFDocument {
  const { customer, currency, items } = invoice;
  const money = (amount: number): string => `${amount.toFixed(2)} ${currency}`;
  const total = items.reduce((sum, { quantity, unitPrice }) => sum + quantity * unitPrice, 0);

  const document = new PDFDocument({ size: 'A4', margin: 56, info: { Title: invoiceId, Author: company } });
  document.fontSize(20).text(`Invoice ${invoiceId}`).moveDown(0.5);
  document.fontSize(11).text(`From: ${company}`).text(`To: ${customer}`).moveDown();
  document.table({
    data: [
      ['Description', 'Quantity', 'Unit price', 'Amount'],
      ...items.map(({ description, quantity, unitPrice }) => [
        description,
        String(quantity),
        money(unitPrice),
        money(quantity * unitPrice),
      ]),
      ['Total', '', '', money(total)],
    ],
  });
  document.end();
  return document;
}
