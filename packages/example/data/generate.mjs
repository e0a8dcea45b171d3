/**
 * Writes tasks.ndjson, the example's data set: 5,400 tasks of 120 companies. Always the same bytes: fixed seed, no
 * clock, no library. Like real tenants, few companies have most of the tasks (Zipf), and tasks come in bursts.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const TASKS = 5_400;
export const COMPANIES = 120;
const SEED = 20_261_121;
const ZIPF_EXPONENT = 0.75;
const LONGEST_BURST = 6;

const FIRST = [
  'Nordic',
  'Blue',
  'Golden',
  'Silver',
  'Green',
  'Rapid',
  'Bright',
  'Alpine',
  'Harbor',
  'Summit',
];
const SECOND = [
  'Freight',
  'Dental',
  'Bakery',
  'Robotics',
  'Textiles',
  'Energy',
  'Foods',
  'Press',
  'Optics',
  'Travel',
  'Garden',
  'Motors',
];
const PEOPLE = [
  'ana',
  'ben',
  'chloe',
  'david',
  'emma',
  'felix',
  'grace',
  'hugo',
  'ines',
  'jun',
  'kofi',
  'li',
  'mei',
  'noah',
];
const SUBJECTS = [
  'Your order has shipped',
  'Payment received',
  'Reset your password',
  'Your weekly report',
  'Appointment reminder',
  'Welcome on board',
];
const ARTICLES = [
  'Consulting',
  'Licence, yearly',
  'Transport',
  'Spare parts',
  'Maintenance',
  'Support, monthly',
  'Training day',
  'Packaging',
];
const ACCOUNTS = ['sales', 'fees', 'refunds', 'wages', 'taxes'];
const CURRENCIES = ['EUR', 'USD', 'CNY', 'GBP'];

const TYPES = [
  { type: 'send-email', share: 0.4, payload: emailPayload },
  { type: 'generate-invoice', share: 0.25, payload: invoicePayload },
  { type: 'process-data', share: 0.35, payload: ledgerPayload },
];

/** @returns {string} the whole file */
export function generateNdjson() {
  const random = mulberry32(SEED);
  const companies = makeCompanies(random);
  const lines = [];
  // Every company has at least two tasks, at a random place in the first half.
  const certain = shuffle(random, [...companies, ...companies]);
  const every = Math.floor(TASKS / 2 / certain.length);
  while (lines.length < TASKS) {
    const due = certain.length > 0 && lines.length % every === 0;
    const company = due ? certain.pop() : pickCompany(random, companies);
    const burst = due ? 1 : 1 + Math.floor(random() ** 2 * LONGEST_BURST);
    for (let n = 0; n < burst && lines.length < TASKS; n++)
      lines.push(makeTask(random, company, lines.length + 1));
  }
  return `${lines.map((task) => JSON.stringify(task)).join('\n')}\n`;
}

function makeCompanies(random) {
  const names = shuffle(
    random,
    FIRST.flatMap((first) => SECOND.map((second) => `${first} ${second}`)),
  );
  const ranks = shuffle(
    random,
    names.map((_, index) => index + 1),
  );
  return names.map((name, index) => ({
    tag: `company-${String(index + 1).padStart(3, '0')}`,
    name,
    domain: `${name.toLowerCase().replace(' ', '-')}.example`,
    weight: 1 / ranks[index] ** ZIPF_EXPONENT,
    tasks: 0,
  }));
}

function makeTask(random, company, number) {
  const { type, payload } = pickType(random);
  company.tasks += 1;
  return {
    type,
    identifyTag: company.tag,
    payload: { sequence: company.tasks, ...payload(random, company) },
    options: { jobId: `task-${String(number).padStart(5, '0')}` },
  };
}

function emailPayload(random, company) {
  const person = pick(random, PEOPLE);
  const subject = pick(random, SUBJECTS);
  return {
    to: `${person}@${company.domain}`,
    subject,
    text: `Dear ${person}, ${subject.toLowerCase()}. Reference ${between(random, 100_000, 999_999)}. ${company.name}`,
  };
}

function invoicePayload(random, company) {
  const items = Array.from({ length: between(random, 1, 3) }, () => ({
    description: pick(random, ARTICLES),
    quantity: between(random, 1, 12),
    unitPrice: between(random, 500, 90_000) / 100,
  }));
  return {
    customer: `${pick(random, PEOPLE)} at ${company.name}`,
    currency: pick(random, CURRENCIES),
    items,
  };
}

function ledgerPayload(random) {
  return {
    account: pick(random, ACCOUNTS),
    amount: between(random, -50_000, 120_000) / 100,
    confirmationMs: between(random, 5, 60),
  };
}

function pickCompany(random, companies) {
  const total = companies.reduce((sum, { weight }) => sum + weight, 0);
  let rest = random() * total;
  return companies.find(({ weight }) => (rest -= weight) < 0) ?? companies[0];
}

function pickType(random) {
  let rest = random();
  return TYPES.find(({ share }) => (rest -= share) < 0) ?? TYPES[0];
}

function pick(random, list) {
  return list[Math.floor(random() * list.length)];
}

function between(random, low, high) {
  return low + Math.floor(random() * (high - low + 1));
}

function shuffle(random, list) {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    [list[last], list[other]] = [list[other], list[last]];
  }
  return list;
}

/** A small well-known generator of numbers in [0, 1): enough for data, not for secrets. */
function mulberry32(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('./tasks.ndjson', import.meta.url), generateNdjson());
}
