/**
 * Looks for instructions that a tool's definition hides from people or gives to the model behind their backs ("tool
 * poisoning"). Pure; every rule is a row. A finding is a reason to look, not a proof, so rules ask for more than one word.
 */
import type { JsonObject } from '../jsonrpc/message.ts';

export interface Finding {
  rule: string;
  /** Where: `description`, `inputSchema.properties.path.description`. */
  path: string;
  /** What was found, with invisible characters spelled out; cut to a line. */
  excerpt: string;
}

interface Rule {
  rule: string;
  expression: RegExp;
}

const secrets = String.raw`(?:~|\$HOME|/home/\w{1,32}|/root)?/?\.(?:ssh|aws|gnupg|kube|netrc|npmrc|docker|cursor|claude|codex|gemini)\b|\bid_(?:rsa|dsa|ecdsa|ed25519)\b|(?<![\w.])\.env\b|\b(?:mcp|claude_desktop_config|mcp_config|credentials)\.json\b|/etc/(?:passwd|shadow)\b|\b(?:private|ssh) keys?\b`;
const taking = String.raw`\b(?:read|open|cat|load|fetch|get|obtain|collect|include|pass|send|upload|copy|attach|provide|leak|exfiltrate|print|append|put)\b`;

const rules: readonly Rule[] = [
  {
    rule: 'invisible-characters',
    // Zero-width and formatting characters, bidi controls, tags, variation selectors beyond emoji's, other controls. ZWJ and ZWNJ
    // between letters of scripts that need them, or inside of an emoji, are writing.
    expression:
      // biome-ignore lint/suspicious/noMisleadingCharacterClass: single code points are looked for, on purpose.
      /\u034f|[\u00ad\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\u{e0000}-\u{e01ef}]|(?<![\p{Extended_Pictographic}\ufe0f\u{1f3fb}-\u{1f3ff}\p{Script=Arabic}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Sinhala}\p{M}])[\u200c\u200d]|[\ufe00-\ufe0d]|(?![\t\n\r])\p{Cc}/u,
  },
  {
    rule: 'overrides-instructions',
    expression:
      /\b(?:ignore|disregard|forget|override|bypass|do not follow|don't follow)\b[^.\n]{0,30}\b(?:previous|prior|above|earlier|all|any|other|your|system|existing)\b[^.\n]{0,30}\b(?:instructions?|rules?|prompts?|guidelines?|directives?|context|polic(?:y|ies)|constraints?)\b/i,
  },
  {
    rule: 'overrides-instructions',
    expression:
      /\b(?:new|updated|real|actual) (?:system )?(?:instructions?|system prompt)\s*:|\byou are now (?:in|an?)\b|\bdeveloper mode\b/i,
  },
  {
    rule: 'hides-from-user',
    expression:
      /\b(?:do not|don't|dont|never|must not|without|avoid|refrain from)\b[^.\n]{0,25}\b(?:tell(?:ing)?|inform(?:ing)?|mention(?:ing)?|notify(?:ing)?|show(?:ing)?|reveal(?:ing)?|disclos(?:e|ing)|alert(?:ing)?|warn(?:ing)?|let(?:ting)?|ask(?:ing)?)\b[^.\n]{0,40}\b(?:users?|humans?|person|anyone|them)\b/i,
  },
  {
    rule: 'hides-from-user',
    expression:
      /\b(?:keep|hide|conceal)\b[^.\n]{0,25}\b(?:secret|hidden)?\s{0,3}from (?:the )?(?:user|human)|\b(?:secretly|silently|covertly)\b[^.\n]{0,30}\b(?:send|read|call|upload|copy|forward|include|run|execute|invoke)|\bdo not (?:mention|reveal|disclose) (?:this|these|that)\b|\b(?:the )?user (?:must|should|does|need) not (?:know|see|be told|be aware|notice)\b/i,
  },
  {
    rule: 'reads-secrets',
    expression: new RegExp(String.raw`${taking}[^\n]{0,80}(?:${secrets})`, 'i'),
  },
  {
    rule: 'reads-secrets',
    expression: /(?:~|\$HOME|\/home\/\w+|\/root)\/\.(?:ssh|aws|gnupg|kube|cursor|claude|codex|gemini)\b|\bid_(?:rsa|ed25519)\b/i,
  },
  {
    rule: 'reads-secrets',
    expression:
      /\b(?:conversation|chat) (?:history|log|so far)\b[^.\n]{0,60}\b(?:in|as|to|into)\b[^.\n]{0,30}\b(?:argument|parameter|field|sidenote|note|this)\b|\b(?:system prompt)\b[^.\n]{0,60}\b(?:in|as|into|to)\b[^.\n]{0,20}\b(?:argument|parameter|field)\b/i,
  },
  {
    rule: 'steers-other-tools',
    expression:
      /\b(?:before|after|prior to|when|whenever|instead of|each time)\b[^.\n]{0,25}\b(?:us(?:e|ing)|call(?:ing)?|invok(?:e|ing)|run(?:ning)?|execut(?:e|ing))\b[^.\n]{0,25}\b(?:any|every|all|each|other|another)\b[^.\n]{0,15}\btools?\b/i,
  },
  {
    rule: 'steers-other-tools',
    expression:
      /\b(?:when|if|whenever)\b[^.\n]{0,40}\b\w{1,40} tool is (?:available|present|called|used|invoked)\b|\bother tools? (?:must|should|are (?:deprecated|broken|unsafe|disabled))\b|\b(?:do not|don't|never) (?:use|call|invoke)\b[^.\n]{0,20}\b(?:any|all|the) other tools?\b/i,
  },
  {
    rule: 'fake-markup',
    expression:
      /<\/?\s{0,4}(?:important|system|instructions?|secret|hidden|assistant|admin|critical|sys|system[-_]prompt|tool_call|function_calls?)\b[^>]{0,80}>|\[\/?(?:INST|SYSTEM|IMPORTANT)\]|<\|[a-z_]{1,30}\|>|<<\/?SYS>>|(?:^|\n)[ \t]{0,8}#{0,4}[ \t]{0,8}(?:system|assistant)[ \t]?:\s/i,
  },
  { rule: 'html-comment', expression: /<!--/ },
  {
    rule: 'base64-blob',
    expression:
      /(?<![A-Za-z0-9+/_-])(?=[A-Za-z0-9+/_-]{80})(?=[A-Za-z0-9+/_-]*[a-z])(?=[A-Za-z0-9+/_-]*[A-Z])(?=[A-Za-z0-9+/_-]*\d)/,
  },
  { rule: 'hidden-by-space', expression: /\S[^\S\n]{40,}\S|\S(?:[ \t]{0,3}\n){12}/ },
];

const maxFindings = 50;
/** Texts are looked at in overlapping pieces: what an expression costs grows with the piece, and nobody may make it cost much. */
const pieceChars = 4000;
const overlapChars = 400;
/** More than this in one definition is not read to its end, which is a finding of its own. */
const maxChars = 300_000;
const excerptChars = 120;

/** Every finding in every string of a definition, names of properties included. */
export function lintDefinition(definition: JsonObject): Finding[] {
  const findings: Finding[] = [];
  let chars = 0;
  for (const [path, text] of stringsOf(definition, '')) {
    chars += text.length;
    if (chars > maxChars) {
      findings.push({ rule: 'too-long', path, excerpt: `more than ${maxChars} characters in one definition` });
      return findings;
    }
    findings.push(...lintText(path, text));
    if (findings.length >= maxFindings) return findings.slice(0, maxFindings);
  }
  return findings;
}

/** The first finding of each rule in one text. */
function lintText(path: string, text: string): Finding[] {
  const findings = new Map<string, Finding>();
  for (let start = 0; start === 0 || start + overlapChars < text.length; start += pieceChars - overlapChars) {
    const piece = text.slice(start, start + pieceChars);
    for (const { rule, expression } of rules) {
      if (findings.has(rule)) continue;
      const match = expression.exec(piece);
      if (match) findings.set(rule, { rule, path, excerpt: excerptOf(piece, match.index, match[0].length) });
    }
  }
  return [...findings.values()];
}

function* stringsOf(value: unknown, path: string): Generator<[path: string, text: string]> {
  if (typeof value === 'string') yield [path, value];
  else if (Array.isArray(value)) for (const [index, each] of value.entries()) yield* stringsOf(each, `${path}[${index}]`);
  else if (value !== null && typeof value === 'object') {
    for (const [key, each] of Object.entries(value)) {
      const inside = path === '' ? key : `${path}.${key}`;
      yield [inside, key];
      yield* stringsOf(each, inside);
    }
  }
}

function excerptOf(text: string, start: number, length: number): string {
  const from = Math.max(0, start - 20);
  const piece = text.slice(from, Math.min(start + length + 20, from + excerptChars));
  return piece
    .replace(/\s+/g, ' ')
    .replace(/[^\x20-\x7e\p{L}\p{N}\p{P}\p{S}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
