/** A user's own changes to the catalog. */
import { catalogFrom } from '../../catalog-file.ts';
import { CommandError } from '../../command.ts';
import { bad, type Check } from './finding.ts';

export const checkCatalog: Check = async () => {
  try {
    await catalogFrom(undefined);
    return [];
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return [
      bad('catalog-broken', error.message, 'mend the places it names; `switchyard catalog show NAME --json` shows the shape'),
    ];
  }
};
