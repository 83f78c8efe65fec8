/** `POST /v1/feedback`: what an answer was worth, so that the score of a route learns from it. Keeps features, never text. */
import { badRequest, notFound } from '@switchyard/kit/problem';
import { z } from 'zod';
import type { OwnPost } from './own-posts.ts';

const number = z.number().min(-1).max(1);
const feedbackSchema = z.union([
  z.strictObject({ requestId: z.string().min(1).max(64), gain: number }),
  z.strictObject({ requestId: z.string().min(1).max(64), rating: number }),
]);

export async function feedback({ router, answer, caller, body }: OwnPost): Promise<void> {
  const parsed = feedbackSchema.safeParse(body.value());
  if (!parsed.success)
    throw badRequest('the body must be {"requestId", "gain"} or {"requestId", "rating"}, the number from -1 to 1');
  const { requestId, ...judged } = parsed.data;
  const result = router.accounting.routes.feedback(caller, requestId, judged);
  if ('problem' in result) throw notFound(result.problem);
  answer.whole(200, JSON.stringify(result));
}
