import { describe, expect, it } from '@jest/globals';
import { apiAddress, isOutputAllowed } from '../../../src/platform/segmind/address.ts';

describe('apiAddress', () => {
  it.each([
    ['https://api.segmind.com', 'https://api.segmind.com'],
    ['https://api.segmind.com/', 'https://api.segmind.com'],
    ['https://api.segmind.com/v1', 'https://api.segmind.com'],
    ['https://api.segmind.com/v2//', 'https://api.segmind.com'],
    ['http://127.0.0.1:4010/v1/', 'http://127.0.0.1:4010'],
    ['https://gateway.example/segmind/v2', 'https://gateway.example/segmind'],
    ['https://API.Segmind.com:443/?x=1#y', 'https://api.segmind.com'],
  ])('%s is %s', (baseUrl, address) => {
    expect(apiAddress(baseUrl)).toBe(address);
  });
});

describe('isOutputAllowed', () => {
  const hosts = ['images.segmind.com', 'storage.segmind.com'];
  const own = 'http://127.0.0.1:4010';

  it.each([
    'http://images.segmind.com/a.png',
    'https://images.segmind.com:8443/a.png',
    'https://user@images.segmind.com/a.png',
    'https://:secret@images.segmind.com/a.png',
    'https://images.segmind.com.evil.example/a.png',
    'https://evil.example/images.segmind.com',
    'https://evil.example/?https://images.segmind.com/',
    'https://images.segmind.com@evil.example/a.png',
    'http://127.0.0.1:4011/a.png',
    'http://127.0.0.1/a.png',
    'https://127.0.0.1:4010/a.png',
    'http://x@127.0.0.1:4010/a.png',
    'http://169.254.169.254/latest/meta-data',
    'file:///etc/passwd',
    'ftp://images.segmind.com/a.png',
    'data:image/png;base64,AAAA',
  ])('refuses %s', (url) => {
    expect(isOutputAllowed(new URL(url), own, hosts)).toBe(false);
  });

  it.each([
    'https://images.segmind.com/generations/a.png',
    'https://IMAGES.segmind.com:443/a.png',
    'https://storage.segmind.com/assets/a.png',
    'http://127.0.0.1:4010/outputs/a.png',
  ])('allows %s', (url) => {
    expect(isOutputAllowed(new URL(url), own, hosts)).toBe(true);
  });
});
