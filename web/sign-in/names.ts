interface NavigatorWithBrands extends Navigator {
  readonly userAgentData?: { readonly platform: string; readonly brands: readonly { readonly brand: string }[] };
}

/** What to call a passkey made in this browser, such as “Chromium on Linux”. */
export function deviceName(navigator: NavigatorWithBrands = globalThis.navigator): string {
  const { userAgentData, userAgent } = navigator;
  const brands = userAgentData?.brands.map(({ brand }) => brand).filter((brand) => !/not.?a.?brand/i.test(brand)) ?? [];
  const browser = brands.find((brand) => brand !== 'Chromium') ?? brands[0] ?? find(userAgent, BROWSERS) ?? 'Browser';
  const platform = userAgentData?.platform || find(userAgent, PLATFORMS);
  return (platform ? `${browser} on ${platform}` : browser).slice(0, 64);
}

const BROWSERS = { Edg: 'Edge', Firefox: 'Firefox', Chrome: 'Chrome', Safari: 'Safari' };
const PLATFORMS = { iPhone: 'iPhone', iPad: 'iPad', Android: 'Android', Windows: 'Windows', Macintosh: 'Mac', Linux: 'Linux' };

function find(text: string, names: Readonly<Record<string, string>>): string | undefined {
  return Object.entries(names).find(([part]) => text.includes(part))?.[1];
}
