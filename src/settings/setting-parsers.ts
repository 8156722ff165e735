import { z } from 'zod';
import { parseDollars } from '../money.ts';
import { isIdentity } from '../text.ts';

/*
 * Parsers of the texts of settings. The name of the setting is written before each message.
 */

/** Text such as "268435456" or "50_000" as a whole number in a range. */
export function wholeNumber(minimum: number, maximum: number, fallback: number) {
  return z
    .string()
    .optional()
    .transform((text, context) => {
      if (text === undefined) return fallback;
      const value = Number(text.replaceAll('_', ''));
      if (Number.isInteger(value) && value >= minimum && value <= maximum) return value;
      context.addIssue({
        code: 'custom',
        message: `must be a whole number from ${minimum} to ${maximum}; got "${text}"`,
      });
      return z.NEVER;
    });
}

/** An address, without slashes at its end. */
export const httpUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), {
    message: 'must be an http:// or https:// URL',
  })
  .transform((text) => text.replace(/\/+$/, ''));

/** The address of a database. */
export const postgresUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol), {
    message: 'must be a postgres:// URL',
  });

/**
 * The start of public addresses. It has no user, query or fragment, because a path is added to it and all clients see
 * it. It is written as `URL` writes it, so that an address below it is made by adding text.
 */
export const publicUrl = httpUrl
  .refine((text) => {
    const url = URL.parse(text);
    return url?.username === '' && url.password === '' && !/[?#]/.test(text);
  }, 'must be an address without a user, a query or a fragment')
  .transform((text) => new URL(text).href.replace(/\/+$/, ''));

const transports = { model: null, v1: 'V1', v2: 'V2' } as const;

/** How runs are submitted, by the catalogue's names; null uses the definition of each model. */
export const transport = z
  .enum(['model', 'v1', 'v2'], 'must be model, v1 or v2')
  .default('model')
  .transform((name) => transports[name]);

/** Dollars such as "5.00", as micro-dollars. */
export function dollars(fallback: string) {
  return z
    .string()
    .default(fallback)
    .transform((text, context) => {
      const micros = parseDollars(text);
      if (micros !== null && micros >= 0n) return micros;
      context.addIssue({ code: 'custom', message: `must be dollars such as "5.00"; got "${text}"` });
      return z.NEVER;
    });
}

/** Entries between commas; none by default. */
export const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((entry) => (entry.trim() ? [entry.trim()] : [])));

/** Entries of `kid:base64` with 32 bytes each. A message never repeats the key. */
export const masterKeyList = list.transform((entries, context) =>
  entries.flatMap((entry, index) => {
    const [, kid = '', text = ''] = /^([\w.-]{1,64}):([A-Za-z0-9+/_-]+={0,2})$/.exec(entry) ?? [];
    const bytes = Buffer.from(text, 'base64');
    if (bytes.length === 32) return [{ kid, bytes }];
    context.addIssue({ code: 'custom', message: `entry ${index + 1} must be kid:base64 of 32 bytes` });
    return [];
  }),
);

/** A key that is sent in a header. Headers allow no other characters. */
export const key = z.string().regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');

/** The admin key. The key of an earlier docker-compose.yml is public. */
export const adminApiKey = key
  .min(16, 'must have at least 16 characters')
  .refine((text) => text !== 'change_me_before_use', 'must not be the key of a published example');

/** A claim that a token must have, exactly as it is written. */
export const name = z
  .string()
  .min(1)
  .refine(isIdentity, 'must be well-formed text without control characters');
