/**
 * Where a datagram comes from or goes to. The address is canonical text: IPv4 dotted (never `::ffff:` mapped) or IPv6
 * as `inet_ntop` writes it. The runtime canonicalises what the socket reports, so that the engine can compare strings.
 */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

export function sameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.port === b.port && a.address === b.address;
}

/** `host:port`, with brackets around an IPv6 host. Used for logs and as a map key. */
export function formatEndpoint(endpoint: Endpoint): string {
  return endpoint.address.includes(':')
    ? `[${endpoint.address}]:${endpoint.port}`
    : `${endpoint.address}:${endpoint.port}`;
}

/** Whether the address names the host itself, so that it means another host to everybody else. */
export function isLoopback(endpoint: Endpoint): boolean {
  return endpoint.address.startsWith('127.') || endpoint.address === '::1';
}
