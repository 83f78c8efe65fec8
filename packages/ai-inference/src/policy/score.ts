/**
 * How much a stronger model is likely to be worth for a request: 0 (anybody can) to 100. A fixed prior that needs no labels, and a
 * small regularised model fitted to labels of this owner's own traffic. The number itself means little; its quantile among the
 * owner's own requests is what decides.
 */
import { type Features, featureNames } from './features.ts';

/**
 * Terms of the prior: long questions that name several things, count or negate are where small models fail first. The weights
 * are round numbers chosen by hand with an eye on the three sets of `npm run eval:routing`; on other traffic they are a guess,
 * which is why a calibration may replace them.
 */
const prior: Partial<Record<(typeof featureNames)[number], number>> = {
  lengthLog: 1,
  distinctWords: -1.5,
  negations: 15,
  names: 6,
  quantities: 6,
  numbers: 0.4,
  reasoningTerms: 4,
  code: 0.3,
  trivialTerms: -4,
};

const priorWeights = featureNames.map((name) => prior[name] ?? 0);
/** Puts ordinary prompts around the middle of the scale. */
const priorOffset = 5.4;

/** The fixed prior's score, 0 to 100. */
export function priorScore(features: Features): number {
  return 100 / (1 + Math.exp(priorOffset - dot(priorWeights, features)));
}

/** A request and what the stronger model was worth for it: quality of its answer minus that of the cheaper one's, -1 to 1. */
export interface Label {
  features: Features;
  gain: number;
}

/** A fitted model: standardised features times weights. */
export interface Calibration {
  means: number[];
  scales: number[];
  weights: number[];
  /** Out-of-fold rank agreement with the labels (0.5 = chance), and the lower end of its 95 % interval. */
  agreement: number;
  agreementLow: number;
  labels: number;
}

/**
 * The score of a request. A calibration is used only while it is known to be better than chance: its interval must lie above one
 * half; else the prior alone decides.
 */
export function scoreOf(features: Features, calibration?: Calibration): number {
  const base = priorScore(features);
  if (!calibration || calibration.agreementLow <= 0.5) return base;
  const fitted = 100 / (1 + Math.exp(-3 * predict(calibration, features)));
  // The fewer the labels, the more the prior counts.
  const trust = calibration.labels / (calibration.labels + 40);
  return trust * fitted + (1 - trust) * base;
}

export function predict(
  { means, scales, weights }: Pick<Calibration, 'means' | 'scales' | 'weights'>,
  features: Features,
): number {
  let sum = 0;
  for (let index = 0; index < weights.length; index += 1)
    sum += ((weights[index] as number) * ((features[index] as number) - (means[index] as number))) / (scales[index] as number);
  return sum;
}

/** Fewest labels that say anything. */
export const fewestLabels = 30;
const folds = 5;

/** Fits a ridge to labels and measures it out of fold. Undefined with too few labels, or when all of them say the same. */
export function calibrate(labels: readonly Label[], lambda = 30): Calibration | undefined {
  if (labels.length < fewestLabels) return undefined;
  const features = labels.map((label) => label.features);
  const gains = labels.map(({ gain }) => gain);
  if (gains.every((gain) => gain === gains[0])) return undefined;
  const outOfFold = new Array<number>(labels.length);
  for (let fold = 0; fold < folds; fold += 1) {
    const train = labels.map((_, index) => index).filter((index) => index % folds !== fold);
    const model = fit(
      train.map((index) => features[index] as Features),
      train.map((index) => gains[index] as number),
      lambda,
    );
    for (let index = fold; index < labels.length; index += folds) outOfFold[index] = predict(model, features[index] as Features);
  }
  const { agreement, low } = agreementOf(outOfFold, gains);
  return { ...fit(features, gains, lambda), agreement, agreementLow: low, labels: labels.length };
}

/** Ridge regression on standardised features and gains; the weights are scaled so that predictions have unit deviation. */
function fit(
  rows: readonly Features[],
  gains: readonly number[],
  lambda: number,
): Pick<Calibration, 'means' | 'scales' | 'weights'> {
  const width = featureNames.length;
  const means = Array.from({ length: width }, (_, column) => mean(rows.map((row) => row[column] as number)));
  const scales = means.map(
    (centre, column) =>
      deviation(
        rows.map((row) => row[column] as number),
        centre,
      ) || 1,
  );
  const standard = rows.map((row) =>
    row.map((value, column) => (value - (means[column] as number)) / (scales[column] as number)),
  );
  const centre = mean(gains);
  const spread = deviation(gains, centre) || 1;
  const matrix = Array.from({ length: width }, (_, i) =>
    Array.from({ length: width }, (_, j) =>
      standard.reduce((sum, row) => sum + (row[i] as number) * (row[j] as number), i === j ? lambda : 0),
    ),
  );
  const vector = Array.from({ length: width }, (_, i) =>
    standard.reduce((sum, row, index) => sum + ((row[i] as number) * ((gains[index] as number) - centre)) / spread, 0),
  );
  const weights = solve(matrix, vector);
  const predictions = standard.map((row) => dot(weights, row));
  const size = deviation(predictions, mean(predictions)) || 1;
  return { means, scales, weights: weights.map((weight) => weight / size) };
}

/** Gaussian elimination with pivoting; the ridge makes the matrix positive definite. */
function solve(matrix: number[][], vector: number[]): number[] {
  const size = vector.length;
  const rows = matrix.map((row, index) => [...row, vector[index] as number]);
  for (let column = 0; column < size; column += 1) {
    let pivot = column;
    for (let row = column + 1; row < size; row += 1)
      if (Math.abs((rows[row] as number[])[column] as number) > Math.abs((rows[pivot] as number[])[column] as number))
        pivot = row;
    [rows[column], rows[pivot]] = [rows[pivot] as number[], rows[column] as number[]];
    const top = rows[column] as number[];
    for (let row = column + 1; row < size; row += 1) {
      const current = rows[row] as number[];
      const factor = (current[column] as number) / (top[column] as number);
      for (let index = column; index <= size; index += 1)
        current[index] = (current[index] as number) - factor * (top[index] as number);
    }
  }
  const result = new Array<number>(size).fill(0);
  for (let row = size - 1; row >= 0; row -= 1) {
    const current = rows[row] as number[];
    let value = current[size] as number;
    for (let column = row + 1; column < size; column += 1) value -= (current[column] as number) * (result[column] as number);
    result[row] = value / (current[row] as number);
  }
  return result;
}

/**
 * Scores from several folds share most of their training rows, so that their agreement with labels of pure noise varies more than
 * that of fixed scores: by 1.35 to 1.46 for 40 to 300 labels in simulation (the test of `calibrate` repeats it).
 */
const foldInflation = 1.5;

/** How often the higher score has the higher gain, among pairs whose gains differ; with the lower end of its 95 % interval. */
function agreementOf(scores: readonly number[], gains: readonly number[]): { agreement: number; low: number } {
  let agree = 0;
  let pairs = 0;
  for (let i = 0; i < scores.length; i += 1)
    for (let j = 0; j < i; j += 1) {
      const gain = (gains[i] as number) - (gains[j] as number);
      if (gain === 0) continue;
      pairs += 1;
      const score = (scores[i] as number) - (scores[j] as number);
      agree += score === 0 ? 0.5 : Math.sign(score) === Math.sign(gain) ? 1 : 0;
    }
  if (pairs === 0) return { agreement: 0.5, low: 0 };
  const agreement = agree / pairs;
  const better = Math.max(1, gains.filter((gain) => gain > 0).length);
  const other = Math.max(1, gains.length - better);
  // The variance of the rank statistic of Mann and Whitney under chance.
  const deviationByChance = Math.sqrt((better + other + 1) / (12 * better * other));
  return { agreement, low: agreement - 1.96 * foldInflation * deviationByChance };
}

function dot(a: readonly number[], b: readonly number[]): number {
  let sum = 0;
  for (let index = 0; index < a.length; index += 1) sum += (a[index] as number) * (b[index] as number);
  return sum;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function deviation(values: readonly number[], centre: number): number {
  return Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
}
