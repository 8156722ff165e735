import { afterEach, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import { adminKey, Dramatis, eventually, picture } from '../support/dramatis.ts';
import { startServerProcess } from '../support/server-process.ts';

let dramatis: Dramatis;
afterEach(() => dramatis.stop());

/** Far more than the connections to its database leave. */
const uploads = 110;

it('a server that may open no more files answers 503 to what needs one, and goes on when there are some again', async () => {
  dramatis = await Dramatis.start({ servers: 0, environment: { COST_BURST: '1000000' } });
  const server = await startServerProcess(dramatis, {}, { files: 130 });
  dramatis.url = server.url;
  const { projectId, characterId } = await dramatis.cast();
  const agent = new Agent({ connections: uploads });
  const upload = async (index: number, dispatcher: Agent) => {
    const body = await picture(`rgb(${index},10,20)`);
    try {
      const answer = await request(`${server.url}/images?projectId=${projectId}`, {
        method: 'POST',
        dispatcher,
        headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'image/png' },
        body,
      });
      return { status: answer.statusCode, text: await answer.body.text() };
    } catch {
      // The connection was not accepted, so there is no response with a reason.
      return { status: 0, text: '' };
    }
  };
  const answers = await Promise.all(Array.from({ length: uploads }, (_, index) => upload(index, agent)));
  const refused = answers.filter(({ status }) => status === 503);
  expect(new Set(answers.map(({ status }) => status).filter((status) => ![0, 201].includes(status)))).toEqual(
    new Set([503]),
  );
  // How many get that far depends on how many connections were taken.
  expect(refused.length).toBeGreaterThan(0);
  // A file of the storage is one of those that cannot be opened.
  for (const { text } of refused)
    expect(['SERVICE_UNAVAILABLE', 'STORAGE_UNAVAILABLE']).toContain(
      JSON.parse(text).errors[0].extensions.code,
    );
  await agent.close();
  const another = new Agent();
  await eventually('uploads to be taken', async () => (await upload(99, another)).status === 201);
  await another.close();
  expect((await dramatis.settle(await dramatis.generate(characterId))).status).toBe('COMPLETED');
  expect(server.logged('unexpected error')).toBe(0);
  expect(server.child.exitCode).toBeNull();
});
