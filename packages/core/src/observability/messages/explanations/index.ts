import type { Locale } from '../../../domain/locale.js';
import type { ExplanationParams, ExplanationReason, Explanations } from './explanation-params.js';
import { explanationsEn } from './explanations.en.js';
import { explanationsZh } from './explanations.zh.js';

export type {
  ExplanationDetails,
  ExplanationParams,
  ExplanationReason,
  WorkerFacts,
} from './explanation-params.js';

const catalogues: Readonly<Record<Locale, Explanations>> = { zh: explanationsZh, en: explanationsEn };

/** The text of a reason in every language. */
export function explainIn<Reason extends ExplanationReason>(
  reason: Reason,
  params: ExplanationParams<Reason>,
): Readonly<Record<Locale, string>> {
  return { zh: catalogues.zh[reason](params), en: catalogues.en[reason](params) };
}
