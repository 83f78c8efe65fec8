/** Requests that OpenRouter makes with the owner's own key of a provider ("bring your own key"). */
import type { Usage } from './answer.ts';
import { type JsonObject, numberOf, objectOf } from './json.ts';

/** OpenRouter's word on who else bills (`is_byok`, `cost_details`); the fields themselves stay with those that only it knows. */
export function byokOf(usage: JsonObject): Pick<Usage, 'isByok' | 'byokUsd'> {
  if (usage.is_byok !== true) return {};
  const byokUsd = numberOf(objectOf(usage.cost_details).upstream_inference_cost);
  return { isByok: true, ...(byokUsd !== undefined && { byokUsd }) };
}
