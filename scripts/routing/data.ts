// Reads the labelled prompts that a strong/weak router is judged on: RouteLLM's three evaluation sets and ZeroEval's gsm.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A prompt and how good the weak and the strong model's answers were, 0 to 1. */
export interface Labelled {
  prompt: string;
  weak: number;
  strong: number;
}

const weakModel = 'mistralai/Mixtral-8x7B-Instruct-v0.1';
const strongModel = 'gpt-4-1106-preview';

export interface RoutingSets {
  mtBench: Labelled[];
  mmlu: Labelled[];
  gsm8k: Labelled[];
}

/** Undefined when the data is not there. */
export function loadSets(folder: string): RoutingSets | undefined {
  const evals = join(folder, 'routellm', 'routellm', 'evals');
  if (!existsSync(evals)) return undefined;
  return {
    mtBench: loadMtBench(join(evals, 'mt_bench')),
    mmlu: loadMmlu(join(evals, 'mmlu')),
    gsm8k: loadGsm8k(join(evals, 'gsm8k')),
  };
}

function loadGsm8k(folder: string): Labelled[] {
  const contaminated = contaminatedPrompts(folder);
  return csv(readFileSync(join(folder, 'gsm8k_responses.csv'), 'utf8'))
    .map(labelledOf)
    .filter(({ prompt }) => !contaminated.has(prompt));
}

function loadMmlu(folder: string): Labelled[] {
  const contaminated = contaminatedPrompts(folder);
  return readdirSync(join(folder, 'responses'))
    .filter((file) => file.endsWith('.csv'))
    .sort()
    .flatMap((file) => csv(readFileSync(join(folder, 'responses', file), 'utf8')).map(labelledOf))
    .filter(({ prompt }) => !contaminated.has(prompt));
}

/** Routed on the first turn, judged by the mean of both; scores 1 to 10. */
function loadMtBench(folder: string): Labelled[] {
  const contaminated = contaminatedPrompts(folder);
  const scores = new Map<number, Record<string, number[]>>();
  for (const { question_id, model, score } of jsonl<{ question_id: number; model: string; score: number }>(
    join(folder, 'judgements.jsonl'),
  )) {
    const ofQuestion = scores.get(question_id) ?? {};
    const list = ofQuestion[model] ?? [];
    list.push(score);
    ofQuestion[model] = list;
    scores.set(question_id, ofQuestion);
  }
  return jsonl<{ question_id: number; turns: string[] }>(join(folder, 'question.jsonl'))
    .map(({ question_id, turns }) => {
      const of = scores.get(question_id) ?? {};
      const mean = (model: string) => {
        const list = of[Object.keys(of).find((name) => name.includes(model)) ?? ''] ?? [];
        return list.reduce((sum, score) => sum + score, 0) / Math.max(1, list.length) / 10;
      };
      return { prompt: turns[0] as string, weak: mean('ixtral'), strong: mean(strongModel) };
    })
    .filter(({ prompt }) => !contaminated.has(prompt));
}

function contaminatedPrompts(folder: string): Set<string> {
  return new Set(
    jsonl<{ eval_prompt: string }>(join(folder, 'contaminated_prompts.jsonl')).map(({ eval_prompt }) => eval_prompt),
  );
}

function labelledOf(row: Record<string, string>): Labelled {
  const isTrue = (text: string | undefined) => (text === 'True' || text === '1' ? 1 : 0);
  return { prompt: row.prompt as string, weak: isTrue(row[weakModel]), strong: isTrue(row[strongModel]) };
}

export interface ZeroEvalRow {
  id: string;
  prompt: string;
  gold: string;
  correct: Record<string, 0 | 1>;
  answer?: Record<string, string>;
}

export function loadZeroEval(folder: string): ZeroEvalRow[] | undefined {
  const file = join(folder, 'zeroeval', 'gsm.jsonl');
  return existsSync(file) ? jsonl<ZeroEvalRow>(file) : undefined;
}

function jsonl<T>(file: string): T[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as T);
}

/** RFC 4180: quoted fields may hold commas, doubled quotes and line ends. */
function csv(text: string): Record<string, string>[] {
  const rows: string[][] = [];
  let row: string[] = [];
  let field = '';
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] as string;
    if (quoted) {
      if (char !== '"') field += char;
      else if (text[at + 1] === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === ',') {
      row.push(field);
      field = '';
    } else if (char === '\n') {
      row.push(field.replace(/\r$/, ''));
      rows.push(row);
      row = [];
      field = '';
    } else field += char;
  }
  if (field !== '' || row.length > 0) rows.push([...row, field]);
  const [head = [], ...body] = rows;
  return body.map((cells) => Object.fromEntries(head.map((name, index) => [name, cells[index] ?? ''])));
}
