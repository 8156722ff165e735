import type { TaskContext } from '../../platform/context.ts';

/** The owner for which the server's own keys are sealed. */
export const serverKeyOwner = 'server';

/**
 * Stores the configured key sealed, so that runs that are submitted with it can still be polled when another key is
 * configured. The simulator needs no key.
 */
export async function keepServerKey({
  db,
  segmind,
  keyring,
  config,
}: Pick<TaskContext, 'db' | 'segmind' | 'keyring' | 'config'>): Promise<void> {
  if (config.SEGMIND_API_KEY === undefined) return;
  const { accountId: account, environment } = segmind;
  const ciphertext = await keyring.seal(config.SEGMIND_API_KEY, serverKeyOwner);
  await db.$executeRaw`
    INSERT INTO server_keys (account, environment, ciphertext) VALUES (${account}, ${environment}, ${ciphertext})
    ON CONFLICT (account) DO UPDATE SET used_at = now(), ciphertext = excluded.ciphertext`;
}
