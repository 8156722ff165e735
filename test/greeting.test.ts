import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { greeting } from '../src/greeting.ts';
import { builtEnvironment } from './support/built.ts';

const key = 'dramatis_admin_0123456789abcdef0123456789abcdef';
const url = 'https://x.example/dramatis';
const environment = 'simulator';
const path = '/srv/data/admin-key';

it.each([
  ['a new key at a terminal', { key, path, isNew: true }, true, true],
  ['a new key elsewhere', { key, path, isNew: true }, false, false],
  ['a kept key at a terminal', { key, path, isNew: false }, true, false],
  ['a kept key elsewhere', { key, path, isNew: false }, false, false],
  ['a configured key at a terminal', { key, path: null, isNew: false }, true, false],
  ['a configured key elsewhere', { key, path: null, isNew: false }, false, false],
])('%s', (_, admin, isTerminal, isShown) => {
  const text = greeting({ url, admin, environment }, { isTerminal });
  expect(text.includes(key)).toBe(isShown);
  expect(text).toContain(admin.path ?? 'ADMIN_API_KEY');
  // What is to be pasted works without the key in the text.
  expect(text).toContain(`Bearer ${admin.path ? `$(cat '${path}')` : '$ADMIN_API_KEY'}"`);
  expect(text).toContain(`${url}/graphql `);
});

it('the path of the key is one word for a shell, whatever is in it', () => {
  const admin = { key, path: "/srv/it's $HOME/admin-key", isNew: false };
  expect(greeting({ url, admin, environment }, { isTerminal: false })).toContain(
    String.raw`$(cat '/srv/it'\''s $HOME/admin-key')`,
  );
});

/** Starts a server of its own, whose output goes through `wrap`; resolves to all that it has said until it listened. */
async function outputOf(
  dataDirectory: string,
  wrap: (command: string) => readonly string[],
  level = 'silent',
): Promise<string> {
  const [program = '', ...parameters] = wrap(`'${process.execPath}' dist/main.js`);
  const child = spawn(program, parameters, {
    env: { ...builtEnvironment, DATA_DIR: dataDirectory, PORT: '0', LOG_LEVEL: level },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let said = '';
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        said += text;
        if (said.includes('createProject')) resolve();
      });
    ended.then(() => reject(new Error(`It ended: ${said}`)));
  });
  if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  await ended;
  return said;
}

it('a real start shows the key at a terminal and once, never to a pipe, also when nothing is logged', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'dramatis-greeting-'));
  const piped = (command: string) => ['sh', '-c', `exec ${command}`];
  const terminal = (command: string) => ['script', '-qec', command, '/dev/null'];
  const keyIn = async (directory: string) => (await readFile(join(directory, 'admin-key'), 'utf8')).trim();
  try {
    const [log, shown] = [join(parent, 'log'), join(parent, 'shown')];
    const logged = await outputOf(log, piped);
    expect(logged).not.toContain(await keyIn(log));
    expect(logged).toContain(join(log, 'admin-key'));
    // Nor any other secret that a start makes, however much is logged.
    const other = await outputOf(join(parent, 'other'), piped, 'trace');
    for (const name of ['admin-key', 'key-encryption-key', 'postgres/password'])
      expect(other).not.toContain((await readFile(join(parent, 'other', name), 'utf8')).trim());
    expect(other).toContain('"level":"debug"');
    expect(await outputOf(log, terminal)).not.toContain(await keyIn(log));
    expect(await outputOf(shown, terminal)).toContain(await keyIn(shown));
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}, 120_000);
