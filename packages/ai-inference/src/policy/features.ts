/**
 * What can be seen of a request without asking a model: cheap counts over the words that ask. Pure, and stable: a stored weight
 * belongs to a feature by its place in `featureNames`.
 */

export const featureNames = [
  'lengthLog',
  'sentences',
  'wordLength',
  'longWords',
  'distinctWords',
  'digits',
  'numbers',
  'mathSigns',
  'code',
  'lines',
  'choices',
  'questions',
  'quantities',
  'reasoningTerms',
  'knowledgeTerms',
  'writingTerms',
  'constraintTerms',
  'trivialTerms',
  'names',
  'quotes',
  'nonAscii',
  'negations',
] as const;

export type Features = readonly number[];

const patterns = {
  word: /[\p{L}\p{N}']+/gu,
  sentence: /[.!?](?:\s|$)/g,
  digit: /\d/g,
  number: /\d+(?:[.,]\d+)*/g,
  math: /[=^∑∫√≤≥±×÷<>+*]|\\[a-z]+|\$[^$\n]{1,80}\$/gi,
  code: /```|[{};]\s*$|\b(?:def|function|class|import|return|const|SELECT|void|public|static)\b|=>|->|::/gm,
  choices: /^\s*\(?[A-D][.)]\s/gm,
  question: /\?/g,
  quantity:
    /\b(?:how (?:many|much|long|far|old)|total|each|every|per|twice|half|times|percent|remaining|left|more than|less than|average)\b/gi,
  reasoning:
    /\b(?:why|prove|derive|explain|analy[sz]e|compare|evaluate|critique|argue|justify|infer|deduce|implications?|trade-?offs?|step[- ]by[- ]step|design|architect|debug|optimi[sz]e|refactor|complexity|algorithm|theorem|proof)\b/gi,
  knowledge:
    /\b(?:which of the following|according to|refers to|defined as|theory|hypothesis|law|act|clause|patient|symptoms?|disease|enzyme|protein|electron|equation|statistic|constitution|philosoph\w+|econom\w+|century)\b/gi,
  writing:
    /\b(?:write|compose|draft|essay|story|poem|email|letter|blog|article|rewrite|summari[sz]e|translate|outline|role-?play|pretend|imagine)\b/gi,
  constraint:
    /\b(?:must|exactly|at least|at most|no more than|only|without|ensure|format|json|table|bullet|words?|paragraphs?|constraint|requirements?)\b/gi,
  trivial: /\b(?:hi|hello|hey|thanks?|ok(?:ay)?|yes|no|capital of|what time|define|spell|convert)\b/gi,
  name: /(?<=[a-z,;]\s)\p{Lu}\p{Ll}+/gu,
  quote: /["“”«»]/g,
  nonAscii: /[^ -~\s]/g,
  negation: /\b(?:not|except|never|none|neither|false|incorrect|least)\b/gi,
};

/** Longer texts are looked at by their beginning and end, where what is asked usually stands. */
const mostChars = 8000;

/** The features of the text that asks: the latest message of the user, mostly. */
export function featuresOf(text: string): Features {
  const seen = text.length <= mostChars ? text : `${text.slice(0, mostChars / 2)}\n${text.slice(-mostChars / 2)}`;
  const words = seen.match(patterns.word) ?? [];
  const count = (pattern: RegExp) => seen.match(pattern)?.length ?? 0;
  const perWord = (pattern: RegExp) => count(pattern) / Math.max(1, words.length);
  const chars = Math.max(1, seen.length);
  const letters = words.reduce((sum, word) => sum + word.length, 0);
  return [
    Math.log1p(text.length),
    Math.log1p(count(patterns.sentence)),
    letters / Math.max(1, words.length),
    words.filter((word) => word.length >= 9).length / Math.max(1, words.length),
    new Set(words.map((word) => word.toLowerCase())).size / Math.max(1, words.length),
    count(patterns.digit) / chars,
    Math.log1p(count(patterns.number)),
    Math.log1p(count(patterns.math)),
    Math.log1p(count(patterns.code)),
    Math.log1p(seen.split('\n').length - 1),
    Math.min(1, count(patterns.choices) / 3),
    Math.log1p(count(patterns.question)),
    perWord(patterns.quantity),
    perWord(patterns.reasoning),
    perWord(patterns.knowledge),
    perWord(patterns.writing),
    perWord(patterns.constraint),
    perWord(patterns.trivial),
    perWord(patterns.name),
    count(patterns.quote) / chars,
    count(patterns.nonAscii) / chars,
    perWord(patterns.negation),
  ];
}
