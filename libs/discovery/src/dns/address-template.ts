/** How the DNS knows a service: {@link parseAddressTemplate}. */
export interface AddressTemplate {
  readonly scheme: 'http' | 'https';
  /** With `{service}` in it. */
  readonly host: string;
  /** Absent: SRV records have the port. */
  readonly port?: number;
}

const template = /^(https?):\/\/([A-Za-z0-9_.-]*\{service\}[A-Za-z0-9_.-]*)(?::(\d{1,5}))?\/?$/;

/**
 * Reads `http://{service}-headless:8080` (A and AAAA records, each instance at that port) or
 * `http://_http._tcp.{service}-headless` (SRV records, which have the port).
 * @returns undefined for any other text
 */
export function parseAddressTemplate(text: string): AddressTemplate | undefined {
  const [, scheme, host, digits] = template.exec(text) ?? [];
  const port = digits === undefined ? undefined : Number(digits);
  if (host === undefined || port === 0 || (port ?? 0) > 65_535) return undefined;
  return { scheme: scheme as AddressTemplate['scheme'], host, ...(port !== undefined && { port }) };
}

/**
 * Returns the name to ask for: the template's with the service put in. Node asks for a name as it is, so the domain is
 * added here, unless the name ends in a dot.
 */
export function nameOf({ host }: AddressTemplate, service: string, domain: string | undefined): string {
  const name = host.replaceAll('{service}', service);
  if (name.endsWith('.')) return name.slice(0, -1);
  return domain === undefined ? name : `${name}.${domain}`;
}
