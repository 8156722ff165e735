import type pg from 'pg';
import { apiKeyPrefix, drawSecret } from '../../src/platform/auth/secret.ts';
import type { Viewer } from '../../src/platform/auth/viewer.ts';

/** An API key, and the viewer that it authenticates. */
interface BenchKey {
  readonly secret: string;
  readonly viewer: Viewer;
}

/** Makes many API keys of a project with the role VIEWER. */
export async function makeKeys(client: pg.ClientBase, projectId: string, count: number): Promise<BenchKey[]> {
  const secrets = Array.from({ length: count }, () => drawSecret(apiKeyPrefix));
  const { rows } = await client.query<{ id: string; hash: string }>(
    `INSERT INTO api_keys (id, project_id, name, role, prefix, secret_hash)
     SELECT uuidv7(), $1, 'bench of sockets', 'VIEWER', prefix, hash FROM unnest($2::text[], $3::text[]) made(prefix, hash)
     RETURNING id::text AS id, secret_hash AS hash`,
    [projectId, secrets.map(({ prefix }) => prefix), secrets.map(({ hash }) => hash)],
  );
  await client.query('ANALYZE api_keys');
  const ids = new Map(rows.map(({ id, hash }) => [hash, id]));
  return secrets.map(({ text, hash }) => ({
    secret: text,
    viewer: {
      kind: 'API_KEY',
      apiKeyId: ids.get(hash) ?? '',
      userId: null,
      projectId,
      role: 'VIEWER',
      allowedModels: [],
      expiresAt: null,
    },
  }));
}
