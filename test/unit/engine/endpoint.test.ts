import { describe, expect, it } from 'vitest';
import { formatEndpoint, isLoopback, sameEndpoint } from '../../../lib/engine/endpoint.js';

describe('an endpoint', () => {
  it('is written as host and port, an IPv6 host in brackets', () => {
    expect(formatEndpoint({ address: '10.0.0.1', port: 6969 })).toBe('10.0.0.1:6969');
    expect(formatEndpoint({ address: '2001:db8::1', port: 80 })).toBe('[2001:db8::1]:80');
  });

  it('is the same as another when address and port are', () => {
    const endpoint = { address: '10.0.0.1', port: 1 };
    expect(sameEndpoint(endpoint, { ...endpoint })).toBe(true);
    expect(sameEndpoint(endpoint, { ...endpoint, port: 2 })).toBe(false);
    expect(sameEndpoint(endpoint, { ...endpoint, address: '10.0.0.2' })).toBe(false);
  });

  it.each([
    ['127.0.0.1', true],
    ['127.1.2.3', true],
    ['::1', true],
    ['10.127.0.0', false],
    ['128.0.0.1', false],
    ['::', false],
    ['::2', false],
  ])('%s is of the host itself: %s', (address, expected) => {
    expect(isLoopback({ address, port: 1 })).toBe(expected);
  });
});
