/**
 * What a request may come to before it is sent: its answer by what this model's answers were like lately. Two figures, for two uses:
 * the usual one to divide traffic by, and a cautious one to set money aside by.
 */
import type { Usage } from '@switchyard/dialects';

interface Seen {
  answers: number;
  /** Running mean. */
  usualOutputTokens: number;
  /** Largest lately; fades, so that one giant does not count for ever. */
  mostOutputTokens: number;
  mostUsd: number;
  /** Running means of answers whose cost the provider told. */
  toldUsd: number;
  toldTokens: number;
  told: number;
}

/** Before anything was seen. */
const usualOutputTokens = 500;
const mostOutputTokens = 8192;
/** So many answers say what a model's answers are like. */
const fewestAnswers = 5;
const fade = 0.98;
/** Answers may come longer than any before. */
const margin = 1.5;
/** Names of models come from clients. */
const mostModels = 1000;

export class Estimates {
  readonly #seen = new Map<string, Seen>();

  /** An answer of a model (`provider/model`) is over. `isTold`: the provider said what it cost. */
  learn(model: string, { inputTokens, outputTokens }: Usage, usd: number | undefined, isTold: boolean): void {
    if (outputTokens === undefined && usd === undefined) return;
    let seen = this.#seen.get(model);
    if (!seen) {
      if (this.#seen.size >= mostModels) this.#seen.clear();
      seen = { answers: 0, usualOutputTokens: 0, mostOutputTokens: 0, mostUsd: 0, toldUsd: 0, toldTokens: 0, told: 0 };
      this.#seen.set(model, seen);
    }
    seen.answers += 1;
    seen.usualOutputTokens += ((outputTokens ?? usualOutputTokens) - seen.usualOutputTokens) / Math.min(seen.answers, 100);
    seen.mostOutputTokens = Math.max(outputTokens ?? 0, seen.mostOutputTokens * fade);
    seen.mostUsd = Math.max(usd ?? 0, seen.mostUsd * fade);
    if (!isTold || usd === undefined) return;
    seen.told += 1;
    const weight = 1 / Math.min(seen.told, 100);
    seen.toldUsd += (usd - seen.toldUsd) * weight;
    seen.toldTokens += ((inputTokens ?? 0) + (outputTokens ?? 0) - seen.toldTokens) * weight;
  }

  /** How long its answer will probably be. */
  usualOutputTokens(model: string): number {
    const seen = this.#seen.get(model);
    return seen && seen.answers >= fewestAnswers ? seen.usualOutputTokens : usualOutputTokens;
  }

  /** What so many tokens cost where the provider tells its costs: that is nearer than any price. */
  toldUsd(model: string, tokens: number): number | undefined {
    const seen = this.#seen.get(model);
    return seen && seen.told >= fewestAnswers && seen.toldTokens > 0 ? (seen.toldUsd / seen.toldTokens) * tokens : undefined;
  }

  /** How long it will hardly exceed. `limit`: what the client allows; `modelLimit`: what the model can. */
  mostOutputTokens(model: string, limit: number | undefined, modelLimit: number | undefined): number {
    const seen = this.#seen.get(model);
    const likely =
      seen && seen.answers >= fewestAnswers ? Math.max(usualOutputTokens, seen.mostOutputTokens * margin) : undefined;
    // Agents allow far more than they use: once answers are known they say more than the limit.
    return Math.min(
      limit ?? Number.POSITIVE_INFINITY,
      likely ?? limit ?? Math.min(modelLimit ?? mostOutputTokens, mostOutputTokens),
    );
  }

  /** The most that one answer did cost lately; undefined before any was paid. */
  mostUsd(model: string): number | undefined {
    const usd = this.#seen.get(model)?.mostUsd;
    return usd === undefined || usd === 0 ? undefined : usd;
  }
}
