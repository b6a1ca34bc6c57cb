// `#imports` of `package.json`.

const CONDITIONS = new Set(['proven', 'worker', 'browser', 'default', 'import']);

/** PACKAGE_IMPORTS_EXPORTS_RESOLVE of Node.js, under the conditions of the node. */
export function matchImports(imports: Record<string, unknown>, key: string): string | undefined {
  const exact = key.includes('*') ? undefined : imports[key];
  if (exact !== undefined) return chosen(exact);
  const patterns = Object.keys(imports).filter((pattern) => pattern.split('*').length === 2);
  patterns.sort((left, right) => right.indexOf('*') - left.indexOf('*') || right.length - left.length);
  for (const pattern of patterns) {
    const [base = '', trailer = ''] = pattern.split('*');
    if (key.startsWith(base) && key !== base && key.endsWith(trailer) && key.length >= pattern.length) {
      return chosen(imports[pattern])?.replaceAll('*', key.slice(base.length, key.length - trailer.length));
    }
  }
  return undefined;
}

function chosen(target: unknown, depth = 0): string | undefined {
  if (typeof target === 'string' || depth > 32) return typeof target === 'string' ? target : undefined;
  if (target === null || typeof target !== 'object') return undefined;
  for (const [condition, value] of Object.entries(target)) {
    if (Array.isArray(target) || CONDITIONS.has(condition)) {
      const found = chosen(value, depth + 1);
      if (found !== undefined || value === null) return found;
    }
  }
  return undefined;
}
