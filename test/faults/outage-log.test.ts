import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { expect, it } from '@jest/globals';
import { builtEnvironment } from '../support/built.ts';
import { delay } from '../support/delay.ts';
import { Dramatis, eventually } from '../support/dramatis.ts';
import { freePort } from '../support/free-port.ts';
import { startServerProcess } from '../support/server-process.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

it('a server serves although nothing can be written to its stdout, neither its log nor its greeting', async () => {
  const dramatis = await Dramatis.start({ servers: 0 });
  const full = await open('/dev/full', 'a');
  const port = await freePort();
  const child = spawn(process.execPath, ['dist/main.js'], {
    env: { ...builtEnvironment, ...dramatis.environment, PORT: String(port), LOG_LEVEL: 'info' },
    stdio: ['ignore', full.fd, 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  try {
    const isReady = () =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      );
    await eventually('it to be ready', isReady);
    // Its greeting comes right after it listens, and before all of these are answered.
    for (let asked = 0; asked < 10; asked += 1) expect(await isReady()).toBe(true);
    child.kill('SIGTERM');
    expect(await exited).toBe(0);
  } finally {
    child.kill('SIGKILL');
    await full.close();
    await dramatis.stop();
  }
}, 30_000);

it('an outage of several seconds is told once by each part, and so is its end, however many runs are at work', async () => {
  const dramatis = await Dramatis.start({ simulator: { speed: 20 }, environment: { ROLE: 'api' } });
  try {
    const { characterId } = await dramatis.cast();
    const url = new URL(dramatis.database.url);
    const proxy = await startTcpProxy(Number(url.port));
    url.port = String(proxy.port);
    const worker = await startServerProcess(dramatis, { ROLE: 'worker', DATABASE_URL: url.href });
    await Promise.all(
      Array.from({ length: 10 }, () => dramatis.generate(characterId, '[[simulate:slow=2]]')),
    );
    await eventually('them to be under way', async () => {
      const rows = await dramatis.database.query(
        "SELECT 1 FROM generations WHERE status IN ('SUBMITTED', 'PROCESSING')",
      );
      return rows.length > 3;
    });
    const { target } = proxy;
    proxy.target = null;
    proxy.cut();
    // So long that each part fails more than once.
    await delay(9_000);
    const warned = worker.log.filter(({ level }) => level === 'warn').map(({ msg }) => msg);
    expect(warned).toContain('projects cannot be removed');
    expect(warned.filter((msg, place) => warned.indexOf(msg) !== place)).toEqual([]);
    proxy.target = target;
    for (const over of ['projects are removed again', 'wake-ups are fetched again'])
      await eventually(over, () => worker.logged(over) === 1);
    await proxy.close();
  } finally {
    await dramatis.stop();
  }
}, 60_000);
