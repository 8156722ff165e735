import pg from 'pg';
import { apiKeyPrefix, drawSecret } from '../../src/platform/auth/secret.ts';

/** Runs `work` on a connection, which is closed afterwards, also after an error. */
export async function withClient<Result>(
  url: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Makes an API key of a project, as a frontend would use it. Deletes the keys of earlier runs. */
export async function makeApiKey(
  client: pg.ClientBase,
  projectId: string,
  role: 'VIEWER' | 'EDITOR' = 'VIEWER',
): Promise<string> {
  const { text, prefix, hash } = drawSecret(apiKeyPrefix);
  await client.query("DELETE FROM api_keys WHERE project_id = $1 AND name = 'bench'", [projectId]);
  await client.query(
    `INSERT INTO api_keys (id, project_id, name, role, prefix, secret_hash) VALUES (gen_random_uuid(), $1, 'bench', $2, $3, $4)`,
    [projectId, role, prefix, hash],
  );
  return text;
}
