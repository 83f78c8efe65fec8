/** Values as Nix expressions. Pure. */

const identifier = /^[A-Za-z_][A-Za-z0-9_'-]*$/;
const keywords = ['assert', 'else', 'if', 'in', 'inherit', 'let', 'or', 'rec', 'then', 'with'];

/** A value of JSON as a Nix expression, indented by `indent`. Undefined members are left out. */
export function nixText(value: unknown, indent = ''): string {
  const inner = `${indent}  `;
  if (value === null) return 'null';
  if (typeof value === 'boolean') return String(value);
  // A minus in a list would be an operator.
  if (typeof value === 'number') return value < 0 ? `(${nixNumber(value)})` : nixNumber(value);
  if (typeof value === 'string') return nixString(value);
  if (Array.isArray(value)) {
    if (value.length === 0) return '[ ]';
    return `[\n${value.map((each) => inner + nixText(each, inner)).join('\n')}\n${indent}]`;
  }
  const members = Object.entries(value as object).filter(([, each]) => each !== undefined);
  if (members.length === 0) return '{ }';
  return `{\n${members.map(([key, each]) => `${inner}${nixKey(key)} = ${nixText(each, inner)};`).join('\n')}\n${indent}}`;
}

/** A string in quotes: `\`, `"`, line ends and `${` are escaped, so it holds what it held and nothing is evaluated. */
export function nixString(text: string): string {
  const escaped = text
    .replace(/[\\"]/g, '\\$&')
    .replaceAll('${', '\\${')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t');
  return `"${escaped}"`;
}

function nixKey(key: string): string {
  return identifier.test(key) && !keywords.includes(key) ? key : nixString(key);
}

/** `1e+21` has no dot, which Nix wants before an exponent. */
function nixNumber(value: number): string {
  const text = String(value);
  return /^-?\d+e/.test(text) ? text.replace('e', '.0e') : text;
}
