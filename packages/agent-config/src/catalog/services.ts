/** The services we know, as they were on the day in `verified`. A user's catalog file changes or adds to them. */
import type { CatalogEntryInput } from './entry.ts';
import { dataServices } from './services/data.ts';
import { workServices } from './services/work.ts';

/** By name. */
export const services: Readonly<Record<string, CatalogEntryInput>> = { ...workServices, ...dataServices };
