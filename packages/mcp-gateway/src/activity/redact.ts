/** Makes the arguments and result of a call fit to be kept: short, without known secrets, without what is named like one. */

const secretName = /pass(?:word|wd|phrase)?|secret|token|api[-_]?key|authori[sz]ation|cookie|credential|private[-_]?key|bearer/i;
const secretMember = new RegExp(
  `("[^"\\\\]{0,64}(?:${secretName.source})[^"\\\\]{0,64}"\\s*:\\s*)"(?:[^"\\\\]|\\\\.)*(?:"|$)`,
  'gi',
);

/** `mask` hides the values of known secrets. The text is cut to `limitChars`; a cut text ends in an ellipsis. */
export function redact(text: string, limitChars: number, mask: (text: string) => string): string {
  // Masked before it is cut: half a secret would not be recognized.
  const near = text.length > limitChars + 4096 ? text.slice(0, limitChars + 4096) : text;
  const masked = mask(near);
  const clean = secretName.test(masked) ? masked.replace(secretMember, '$1"•••"') : masked;
  return clean.length > limitChars ? `${clean.slice(0, limitChars)}…` : clean;
}
