import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import { fromGlobalId } from '../../../src/platform/reads/global-id.ts';
import { stateOf } from '../../../src/simulator/jobs.ts';
import type { Simulator } from '../../../src/simulator/simulator.ts';
import { Dramatis, eventually } from '../../support/dramatis.ts';
import { isSubmit } from '../../support/faulty-provider.ts';
import { type HeldProject, holdProject } from '../../support/held-project.ts';
import { startServerProcess } from '../../support/server-process.ts';

it('a run of another provider environment says that it waits for its own, and the log is not filled with it', async () => {
  const dramatis = await Dramatis.start({ environment: { ROLE: 'api' } });
  try {
    const { characterId } = await dramatis.cast();
    const id = await dramatis.generate(characterId);
    await dramatis.database.query("UPDATE generations SET environment = 'https://elsewhere.example'");
    // After its start a server ends what was not submitted; this one is submitted already.
    await dramatis.database.query(
      "UPDATE generations SET status = 'SUBMITTED', provider_request_id = 'x', submitted_at = now()",
    );
    const worker = await startServerProcess(dramatis, { ROLE: 'worker' });
    const wait = async () =>
      (
        await dramatis.get(
          'query ($id: ID!) { generation(id: $id) { status waitingFor { reason since } } }',
          { id },
        )
      ).generation;
    const told = await eventually('it to say so', async () => ((await wait()).waitingFor ? wait() : null));
    expect(told).toMatchObject({ status: 'SUBMITTED', waitingFor: { reason: 'ENVIRONMENT' } });
    // It is looked at again, and says the same.
    const looks = async () =>
      (await dramatis.database.query("SELECT 1 FROM pgboss.job WHERE state = 'completed'")).length;
    const before = await looks();
    await eventually('two more looks', async () => {
      await dramatis.database.query("UPDATE pgboss.job SET start_after = now() WHERE state < 'active'");
      return (await looks()) >= before + 2;
    });
    expect(await wait()).toEqual(told);
    expect(worker.log.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
  } finally {
    await dramatis.stop();
  }
}, 60_000);

describe('a run that is called off while it is handed over', () => {
  const cancel = (dramatis: Dramatis, id: string) =>
    dramatis.get(
      'mutation ($id: ID!) { cancelGeneration(input: { id: $id }) { generation { status } userErrors { code } } }',
      { id },
    );
  /** It ended as if it had never been asked for, and its project's one slot is free for the next run. */
  async function expectUnsent(dramatis: Dramatis, id: string) {
    const { generation } = await eventually('it to end', async () => {
      const told = await dramatis.get(
        `query ($id: ID!) { generation(id: $id) { status cost costSource failure { code }
          ledgerEntries { kind amount } } }`,
        { id },
      );
      return told.generation.status === 'CANCELED' ? told : null;
    });
    expect(generation).toEqual({
      status: 'CANCELED',
      cost: '0.000000',
      costSource: 'NOT_SUBMITTED',
      failure: null,
      ledgerEntries: [
        { kind: 'HOLD', amount: expect.anything() },
        { kind: 'RELEASE', amount: generation.ledgerEntries[0].amount },
      ],
    });
    const rows = await dramatis.database.query(
      'SELECT holds_slot, active_generations AS active FROM generations g JOIN projects p ON p.id = g.project_id',
    );
    expect(rows).toEqual([{ holds_slot: false, active: 0 }]);
  }

  it('and that the provider turns away is canceled, and costs nothing', async () => {
    const dramatis = await Dramatis.start();
    try {
      const { characterId } = await dramatis.cast();
      const { promise: id, resolve } = Promise.withResolvers<string>();
      let asked: unknown;
      dramatis.simulator.onRequest = async ({ method, path }) => {
        if (isSubmit(method, path)) asked ??= await cancel(dramatis, await id);
      };
      resolve(await dramatis.generate(characterId, '[[simulate:429]]'));
      await expectUnsent(dramatis, await id);
      // The wish was noted while the provider had the request.
      expect(asked).toEqual({ cancelGeneration: { generation: { status: 'SUBMITTING' }, userErrors: [] } });
      expect(dramatis.simulator.bill).toEqual([]);
    } finally {
      await dramatis.stop();
    }
  });

  it('and for which no connection comes about is canceled, and costs nothing', async () => {
    // It accepts connections, and never says a word of TLS.
    const sockets: Socket[] = [];
    let isMute = true;
    const mute = createServer((socket) => {
      socket.on('error', () => undefined);
      if (isMute) sockets.push(socket);
      else socket.destroy();
    });
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const dramatis = await Dramatis.start({ servers: 0 });
    dramatis.onStop(async () => mute.close());
    dramatis.environment.SEGMIND_BASE_URL = `https://127.0.0.1:${(mute.address() as AddressInfo).port}`;
    dramatis.environment.SEGMIND_UPLOAD_URL = `${dramatis.simulator.url}/upload-asset`;
    dramatis.url = (await dramatis.startServer()).url ?? '';
    try {
      const { characterId } = await dramatis.cast();
      const id = await dramatis.generate(characterId);
      const asked = await eventually('it to be handed over', async () => {
        const told = await dramatis.get('query ($id: ID!) { generation(id: $id) { status } }', { id });
        return told.generation.status === 'SUBMITTING' ? cancel(dramatis, id) : null;
      });
      expect(asked).toEqual({ cancelGeneration: { generation: { status: 'SUBMITTING' }, userErrors: [] } });
      isMute = false;
      for (const socket of sockets) socket.destroy();
      await expectUnsent(dramatis, id);
    } finally {
      await dramatis.stop();
    }
  });
});

describe('the job of a run', () => {
  const isRefused = (_: Simulator, { method, path }: Simulator['requests'][number]) => isSubmit(method, path);
  const isFailure = ({ jobs }: Simulator, { path }: Simulator['requests'][number]) =>
    path.endsWith('/status') && [...jobs.values()].some((job) => stateOf(job, Date.now()) === 'FAILED');

  it.each([
    ['the provider refuses', '[[simulate:400]]', isRefused],
    ['has failed', '[[simulate:failed]]', isFailure],
  ])('that %s lasts until that is written down', async (_, prompt, isLast) => {
    const dramatis = await Dramatis.start();
    try {
      const [failing, other] = [await dramatis.cast(), await dramatis.cast()];
      let project: HeldProject | undefined;
      dramatis.simulator.onRequest = async (request) => {
        if (isLast(dramatis.simulator, request))
          project ??= await holdProject(dramatis.database.url, fromGlobalId('Project', failing.projectId));
      };
      const id = await dramatis.generate(failing.characterId, prompt);
      const held = await eventually('its last answer', () => project);
      dramatis.simulator.onRequest = undefined;
      await held.awaited(1);
      const jobOf = async (run: string) => {
        const [job] = await dramatis.database.query(
          'SELECT j.state FROM generations g JOIN pgboss.job j ON j.id = g.wakeup_id WHERE g.id = $1',
          [fromGlobalId('Generation', run)],
        );
        return job?.state;
      };
      // A job that is over is told so at once: sooner than a whole run of another project takes.
      const later = await dramatis.generate(other.characterId);
      await dramatis.settle(later);
      await eventually('the other job to end', async () => (await jobOf(later)) === 'completed');
      expect(await jobOf(id)).toBe('active');
      await held.release();
      expect(await dramatis.settle(id)).toMatchObject({ status: 'FAILED', cost: '0.000000' });
      await eventually('the job to end', async () => (await jobOf(id)) === 'completed');
    } finally {
      await dramatis.stop();
    }
  });
});
