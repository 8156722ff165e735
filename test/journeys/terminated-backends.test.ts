import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from '@jest/globals';
import { Dramatis } from '../support/dramatis.ts';
import { startServerProcess } from '../support/server-process.ts';

let dramatis: Dramatis;
afterEach(() => dramatis.stop());

const lastsMs = 8_000;

it('backends that are terminated at any moment never end the process; every answer is good, or SERVICE_UNAVAILABLE', async () => {
  dramatis = await Dramatis.start({ servers: 0 });
  const server = await startServerProcess(dramatis);
  dramatis.url = server.url;
  const { projectId, characterId } = await dramatis.cast();
  const socket = dramatis.connect();
  const endsAt = performance.now() + lastsMs;
  const codes = new Map<string, number>();
  const ask = async (query: string, variables: object) => {
    while (performance.now() < endsAt) {
      const { errors } = await dramatis.ask(query, variables);
      for (const { extensions } of errors ?? [{ extensions: { code: 'none' } }])
        codes.set(extensions.code, (codes.get(extensions.code) ?? 0) + 1);
    }
  };
  const input = { characterId, model: { consistentCharacter: { prompt: 'at the sea' } } };
  const asking = [
    ...Array.from({ length: 4 }, () =>
      ask('mutation ($input: GenerateInput!) { generate(input: $input) { generation { id } } }', { input }),
    ),
    ...Array.from({ length: 4 }, (_, index) =>
      ask(
        'mutation ($input: UpdateCharacterInput!) { updateCharacter(input: $input) { userErrors { code } } }',
        {
          input: { id: characterId, name: `Mara ${index}` },
        },
      ),
    ),
    ...Array.from({ length: 4 }, () =>
      ask('query ($id: ID!) { project(id: $id) { name characters(first: 5) { nodes { name } } } }', {
        id: projectId,
      }),
    ),
  ];
  let rounds = 0;
  while (performance.now() < endsAt) {
    await dramatis.database.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dramatis%'",
    );
    rounds += 1;
    await sleep(60 + Math.random() * 240);
  }
  await Promise.all(asking);
  await socket.dispose();
  expect(server.child.exitCode).toBeNull();
  expect(rounds).toBeGreaterThan(20);
  expect([...codes.keys()].filter((code) => code !== 'none')).toEqual(['SERVICE_UNAVAILABLE']);
  // It is over: all goes on by itself.
  expect((await dramatis.settle(await dramatis.generate(characterId))).status).toBe('COMPLETED');
});
