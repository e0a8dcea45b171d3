import type { Bar } from './bar.js';
import { costBars } from './cost-bars.js';
import { speedBars } from './speed-bars.js';

export const bars: readonly Bar[] = [...speedBars, ...costBars];
