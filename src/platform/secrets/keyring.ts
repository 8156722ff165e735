import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';

/*
 * A secret is sealed as a JWE whose authenticated header names what it belongs to. So the sealed text opens nothing when it
 * is moved to another row.
 */

/** A master key: its name, which is written beside what it encrypts, and its 256 bits. */
export interface MasterKey {
  readonly kid: string;
  readonly bytes: Buffer;
}

/** Keeps secrets that must be read again, encrypted and bound to what they belong to. */
export interface Keyring {
  /** Encrypts with the first master key. `owner` is written into the ciphertext's authenticated header. */
  seal(text: string, owner: string): Promise<string>;
  /** Reads what was sealed for the same owner, with whichever master key. Throws SecretUnreadable. */
  open(sealed: string, owner: string): Promise<string>;
  /** Whether it was sealed with another master key than the first, and should be sealed again. */
  isStale(sealed: string): boolean;
}

/** A sealed secret cannot be opened: its master key is gone, it was changed, or it belongs to something else. */
export class SecretUnreadable extends Error {
  override name = 'SecretUnreadable';
}

/** The first key seals, all open: that is how master keys are rotated. There must be at least one. */
export function createKeyring(keys: readonly [MasterKey, ...MasterKey[]]): Keyring {
  const [first] = keys;
  return {
    seal(text, owner) {
      const header = { alg: 'dir', enc: 'A256GCM', kid: first.kid, owner };
      return new CompactEncrypt(Buffer.from(text)).setProtectedHeader(header).encrypt(first.bytes);
    },
    async open(sealed, owner) {
      const { plaintext, protectedHeader } = await compactDecrypt(
        sealed,
        ({ kid }) => {
          const key = keys.find((each) => each.kid === kid);
          if (!key) throw new SecretUnreadable(`The master key "${kid}" is not in KEY_ENCRYPTION_KEYS.`);
          return key.bytes;
        },
        { keyManagementAlgorithms: ['dir'], contentEncryptionAlgorithms: ['A256GCM'] },
      ).catch((cause: unknown) => {
        if (cause instanceof SecretUnreadable) throw cause;
        throw new SecretUnreadable('A stored secret cannot be decrypted.', { cause });
      });
      // The header is authenticated: who moves a ciphertext to another row cannot change whose it says it is.
      if (protectedHeader.owner !== owner)
        throw new SecretUnreadable('A stored secret belongs to another owner.');
      return Buffer.from(plaintext).toString('utf8');
    },
    isStale(sealed) {
      return decodeProtectedHeader(sealed).kid !== first.kid;
    },
  };
}
