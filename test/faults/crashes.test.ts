import { describe, expect, it } from '@jest/globals';
import { delay } from '../support/delay.ts';
import { Dramatis, eventually, generateMutation } from '../support/dramatis.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

/** Answers clients in this process; workers are processes of their own, there to be killed. */
interface Place {
  readonly dramatis: Dramatis;
  readonly characterId: string;
  /** Starts one more worker. */
  worker(): Promise<ServerProcess>;
  /** How many submits the provider has had. */
  submits(): number;
}

/** A story of a place of its own. Most of it is waiting for a lease to end, which the stories of a file do side by side. */
function story(name: string, body: (place: Place) => Promise<void>): void {
  it.concurrent(name, async () => {
    const dramatis = await Dramatis.start({ environment: { ROLE: 'api' } });
    try {
      const { characterId } = await dramatis.cast();
      await body({
        dramatis,
        characterId,
        worker: () => startServerProcess(dramatis, { ROLE: 'worker' }),
        submits: () => dramatis.simulator.requests.filter(isSubmit).length,
      });
    } finally {
      await dramatis.stop();
    }
  }, 180_000);
}

const isSubmit = ({ method, path }: { method: string; path: string }) =>
  method === 'POST' && path.startsWith('/v2/');
const isPoll = ({ path }: { path: string }) => path.endsWith('/status');

describe('a worker that is killed', () => {
  story(
    'before it saw the run: another one runs it, once',
    async ({ dramatis, characterId, worker, submits }) => {
      const id = await dramatis.generate(characterId);
      await worker();
      expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
      expect(submits()).toBe(1);
    },
  );

  story(
    "between the provider's accept and writing it down: UNCERTAIN, never a second POST",
    async ({ dramatis, characterId, worker, submits }) => {
      const first = await worker();
      dramatis.simulator.onRequest = (request) => {
        if (isSubmit(request)) first.signal('SIGKILL');
      };
      const id = await dramatis.generate(characterId);
      await first.exited;
      await worker();
      const last = await dramatis.settle(id);
      expect(last).toMatchObject({ status: 'UNCERTAIN', failure: { code: 'SUBMISSION_UNCERTAIN' } });
      expect(submits()).toBe(1);
    },
  );

  story(
    'right after the answer was sent: goes on, or is UNCERTAIN; one POST',
    async ({ dramatis, characterId, worker, submits }) => {
      const first = await worker();
      dramatis.simulator.onRequest = (request) => {
        if (isSubmit(request)) void delay(8).then(() => first.signal('SIGKILL'));
      };
      const id = await dramatis.generate(characterId);
      await first.exited;
      dramatis.simulator.onRequest = undefined;
      await worker();
      const { status } = await dramatis.settle(id);
      expect(['COMPLETED', 'UNCERTAIN']).toContain(status);
      expect(submits()).toBe(1);
    },
  );

  story(
    'while it polls: another one takes over its lease; one bill',
    async ({ dramatis, characterId, worker }) => {
      const first = await worker();
      let polls = 0;
      dramatis.simulator.onRequest = (request) => {
        if (isPoll(request) && polls++ === 0) first.signal('SIGKILL');
      };
      const id = await dramatis.generate(characterId, '[[simulate:slow=20]]');
      await first.exited;
      const job = async () => {
        const [row] = await dramatis.database.query(
          'SELECT j.id, j.retry_count AS takeovers FROM generations g JOIN pgboss.job j ON j.id = g.wakeup_id',
        );
        return row;
      };
      const left = await job();
      expect(left?.takeovers).toBe(0);
      await worker();
      await eventually('another worker to poll', () => polls > 1, 60_000);
      // The same wake-up: the sweep, which comes much later, would have made a new one.
      expect(await job()).toEqual({ id: left?.id, takeovers: 1 });
      expect(await dramatis.settle(id)).toMatchObject({ status: 'COMPLETED' });
      expect(dramatis.simulator.bill).toHaveLength(1);
    },
  );

  story(
    'while it downloads: downloaded again, stored once, one bill',
    async ({ dramatis, characterId, worker }) => {
      const first = await worker();
      let kills = 0;
      dramatis.simulator.onRequest = ({ path }) => {
        if (path.startsWith('/generations/') && kills++ === 0) first.signal('SIGKILL');
      };
      const id = await dramatis.generate(characterId);
      await first.exited;
      await worker();
      const last = await dramatis.settle(id);
      expect(last).toMatchObject({ status: 'COMPLETED' });
      expect(last.images).toHaveLength(1);
      expect(dramatis.simulator.bill).toHaveLength(1);
    },
  );
});

story(
  'a worker that sleeps through its lease with an answer on the way may still write it down; nothing goes back',
  async ({ dramatis, characterId, worker, submits }) => {
    const first = await worker();
    let isAsleep = false;
    dramatis.simulator.onRequest = (request) => {
      if (!isSubmit(request) || isAsleep) return;
      isAsleep = true;
      first.signal('SIGSTOP');
    };
    const id = await dramatis.generate(characterId);
    await eventually('the worker to fall asleep', () => isAsleep);
    await worker();
    expect(await dramatis.settle(id)).toMatchObject({ status: 'UNCERTAIN' });
    first.signal('SIGCONT');
    const last = await eventually('the late answer', async () => {
      const state = await dramatis.settle(id);
      return state.status === 'COMPLETED' ? state : null;
    });
    expect(last.failure).toBeNull();
    expect(submits()).toBe(1);
    expect(dramatis.simulator.bill).toHaveLength(1);
  },
);

story(
  'a server that is killed while it writes many runs together: each is whole, or there is nothing of it',
  async ({ dramatis, characterId }) => {
    const ask = async (url: string, idempotencyKey: string) => {
      const input = { characterId, idempotencyKey, model: { consistentCharacter: { prompt: 'x' } } };
      const { data } = await dramatis.ask(generateMutation, { input }, { url });
      return data?.generate.generation?.id;
    };
    const ids = new Map<string, string | null | undefined>();
    for (const afterMs of [0, 3, 8]) {
      const first = await startServerProcess(dramatis, { ROLE: 'api' });
      const answered = Promise.withResolvers<void>();
      // Each caller asks until the server is gone, so the kill always meets requests under way.
      const callers = Array.from({ length: 50 }, async (_, caller) => {
        for (let count = 0; ; count += 1) {
          const key = `${afterMs} ${caller} ${count}`;
          const id = await ask(first.url, key).catch(() => null);
          ids.set(key, id);
          if (id == null) return;
          answered.resolve();
        }
      });
      await answered.promise;
      await delay(afterMs);
      first.signal('SIGKILL');
      await Promise.all([first.exited, ...callers]);
    }
    const unanswered = [...ids.values()].filter((id) => id === null);
    expect(unanswered).toHaveLength(150);
    // Sent again, each leads to its one run.
    const again = await Promise.all([...ids.keys()].map((key) => ask(dramatis.url, key)));
    expect(again).toEqual([...ids.values()].map((id, index) => id ?? again[index]));
    const [counts] = await dramatis.database.query(`
    SELECT count(*)::int AS runs, count(DISTINCT idempotency_key)::int AS keys,
      (SELECT count(*)::int FROM ledger_entries WHERE kind = 'HOLD') AS holds,
      (SELECT count(*)::int FROM audit_entries WHERE action = 'GENERATION_REQUESTED') AS entries,
      (SELECT count(*)::int FROM project_events WHERE kind = 'GENERATION_REQUESTED') AS events,
      (SELECT count(*)::int FROM generations g WHERE holds_slot) AS slots,
      (SELECT count(*)::int FROM generations g JOIN pgboss.job j ON j.id = g.wakeup_id WHERE g.holds_slot) AS woken
    FROM generations`);
    expect(counts).toEqual({
      runs: ids.size,
      keys: ids.size,
      holds: ids.size,
      entries: ids.size,
      events: ids.size,
      slots: 20,
      woken: 20,
    });
  },
);

story(
  'SIGTERM under load: runs are handed over, none becomes UNCERTAIN, the process ends within its grace',
  async ({ dramatis, characterId, worker, submits }) => {
    const first = await startServerProcess(dramatis, { ROLE: 'all', SHUTDOWN_GRACE_MS: '30000' });
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        dramatis.generate(characterId, `run ${index}`, {}, { url: first.url }),
      ),
    );
    await eventually('some to be submitted', () => submits() >= 5);
    const stoppedAt = performance.now();
    first.signal('SIGTERM');
    expect(await first.exited).toBe(0);
    expect(performance.now() - stoppedAt).toBeLessThan(30_000);
    await worker();
    const states = await Promise.all(ids.map((id) => dramatis.settle(id)));
    expect(states.map(({ status }) => status)).toEqual(ids.map(() => 'COMPLETED'));
    expect(submits()).toBe(ids.length);
  },
);

story('two workers take the same run: one submits', async ({ dramatis, characterId, worker, submits }) => {
  await Promise.all([worker(), worker()]);
  const ids = await Promise.all(Array.from({ length: 15 }, () => dramatis.generate(characterId)));
  await Promise.all(ids.map((id) => dramatis.settle(id)));
  expect(submits()).toBe(ids.length);
  expect(dramatis.simulator.bill).toHaveLength(ids.length);
});

story(
  'a database that drops every connection again and again loses no accepted run',
  async ({ dramatis, characterId }) => {
    const first = await startServerProcess(dramatis, { ROLE: 'worker' });
    let dropped = 0;
    const drop = async () => {
      const rows = await dramatis.database.query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'dramatis%'",
      );
      dropped += rows.length;
    };
    const ask = async (index: number): Promise<string | null> => {
      const prompt = `storm ${index}`;
      const input = { characterId, idempotencyKey: prompt, model: { consistentCharacter: { prompt } } };
      const { data, errors } = await dramatis.ask(generateMutation, { input });
      const id = data?.generate?.generation?.id ?? null;
      if (id === null) expect(errors?.[0]?.extensions.code).toBe('SERVICE_UNAVAILABLE');
      return id;
    };
    const accepted: string[] = [];
    for (let index = 0; index < 12; index += 1) {
      // Each of them is asked for while connections break, and once more until it is taken.
      const [id] = await Promise.all([ask(index), index % 2 ? drop() : null]);
      accepted.push(id ?? (await eventually('it to be taken', () => ask(index))));
    }
    await drop();
    expect(dropped).toBeGreaterThan(0);
    expect(new Set(accepted).size).toBe(12);
    const states = await Promise.all(
      accepted.map((id) =>
        eventually('a run to settle', () => dramatis.settle(id).catch(() => null), 60_000),
      ),
    );
    expect(states.map(({ status }) => status)).toEqual(accepted.map(() => 'COMPLETED'));
    expect(dramatis.simulator.bill).toHaveLength(12);
    expect(first.child.exitCode).toBeNull();
  },
);
