/**
 * Which pages may talk to the frame: exact origins and, in development, patterns such as
 * `http://localhost:*` (any port or none) and `http://*.localhost:*` (any name below).
 */

const PATTERN = /^(https?):\/\/(\*\.)?([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(\*|[0-9]{1,5}))?$/;
const ORIGIN = /^(https?):\/\/([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?$/;

export const MAX_ORIGIN = 256;

export function isPattern(text: unknown): text is string {
  return typeof text === 'string' && text.length <= MAX_ORIGIN && PATTERN.test(text);
}

/**
 * Whether `origin`, as the browser serializes it, fits one of `patterns`. Opaque origins (`null`) never do. At the
 * node's own port, `nodePort`, names below another are hosts of applications: no pattern stands for those, and each
 * is allowed by its whole origin or not at all.
 */
export function allows(patterns: readonly string[], origin: string, nodePort: string): boolean {
  const found = origin.length <= MAX_ORIGIN ? ORIGIN.exec(origin) : null;
  if (found === null) return false;
  const [, scheme, host = '', port = ''] = found;
  return patterns.some((pattern) => {
    const wanted = PATTERN.exec(pattern);
    if (wanted === null || wanted[1] !== scheme) return false;
    const [, , below, name = '', anyPort = ''] = wanted;
    if (below !== undefined && port === nodePort) return false;
    const hostFits = below === undefined ? host === name : host.endsWith(`.${name}`) && host.length > name.length + 1;
    return hostFits && (anyPort === '*' || anyPort === port);
  });
}
