import { describe, expect, it } from 'vitest';
import { formatHostPort, isLoopbackHost, isWildcardHost, parseHostPort } from '../../../lib/runtime/host-port.js';

describe('host and port as text', () => {
  it.each([
    ['127.0.0.1:80', '127.0.0.1', 80],
    ['127.0.0.1', '127.0.0.1', 6969],
    ['example.com:0', 'example.com', 0],
    ['my-service', 'my-service', 6969],
    ['[::1]:65535', '::1', 65_535],
    ['[2001:db8::1]', '2001:db8::1', 6969],
    ['[::ffff:10.0.0.1]:1', '::ffff:10.0.0.1', 1],
    ['[fe80::1%eth0]:1', 'fe80::1%eth0', 1],
  ])('%s is read', (text, host, port) => {
    expect(parseHostPort(text, 6969)).toEqual({ host, port });
  });

  it.each([
    '',
    ':80',
    'host:',
    'host:port',
    'host:-1',
    'host:65536',
    'host:000080',
    'host:80:80',
    '::1',
    '2001:db8::1:80',
    '[::1',
    '::1]:80',
    '[]:80',
    '[10.0.0.1]:80',
    '[abc]:80',
    'two words:80',
    'udp://host:80',
  ])('%j is not', text => {
    expect(parseHostPort(text, 6969)).toBeUndefined();
  });

  it('is written so that it can be read again', () => {
    for (const text of ['host:1', '10.0.0.1:2', '[2001:db8::1]:3']) {
      expect(formatHostPort(parseHostPort(text, 0)!)).toBe(text);
    }
  });
});

describe('a host', () => {
  it.each([
    ['localhost', true],
    ['127.0.0.1', true],
    ['127.255.0.3', true],
    ['::1', true],
    ['127.0.0.1.example.com', false],
    ['0.0.0.0', false],
    ['::', false],
    ['10.0.0.1', false],
  ])('%s is only for its own machine: %s', (host, expected) => {
    expect(isLoopbackHost(host)).toBe(expected);
  });

  it.each([
    ['0.0.0.0', true],
    ['::', true],
    ['0:0:0:0:0:0:0:0', true],
    ['::1', false],
    ['10.0.0.0', false],
    ['127.0.0.1', false],
  ])('%s stands for all interfaces: %s', (host, expected) => {
    expect(isWildcardHost(host)).toBe(expected);
  });
});
