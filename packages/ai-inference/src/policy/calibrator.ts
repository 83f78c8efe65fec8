/** Learns one route's score from labels as they come: fitted with the first thirty, and again after every twenty more. */
import { type Calibration, calibrate, fewestLabels, type Label } from './score.ts';

/** The latest ones count: traffic and models change. */
const mostLabels = 2000;
const refitAfter = 20;

export class Calibrator {
  /** By request: a second label of a request replaces the first. */
  readonly #labels = new Map<string, Label>();
  #since = 0;
  #calibration: Calibration | undefined;

  /** `known`: oldest first. */
  constructor(known: readonly (Label & { requestId: string })[] = []) {
    for (const { requestId, ...label } of known) this.#keep(requestId, label);
    this.#fit();
  }

  get calibration(): Calibration | undefined {
    return this.#calibration;
  }

  get size(): number {
    return this.#labels.size;
  }

  add(requestId: string, label: Label): void {
    this.#keep(requestId, label);
    this.#since += 1;
    const isDue = this.#calibration === undefined ? this.size >= fewestLabels : this.#since >= refitAfter;
    if (isDue) this.#fit();
  }

  #keep(requestId: string, label: Label): void {
    this.#labels.delete(requestId);
    this.#labels.set(requestId, label);
    for (const oldest of this.#labels.keys()) {
      if (this.#labels.size <= mostLabels) break;
      this.#labels.delete(oldest);
    }
  }

  #fit(): void {
    this.#since = 0;
    this.#calibration = calibrate([...this.#labels.values()]);
  }
}
