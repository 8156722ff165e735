import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv, promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readEnvFile } from '../../src/settings/env-file.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'dramatis-env-'));
  path = join(directory, '.env');
});
afterEach(() => rm(directory, { recursive: true }));

describe('an environment file', () => {
  it('is read as Node reads it', async () => {
    const text = `# ours
PORT=4100
export ROLE=api   # a comment
DATA_DIR = "a folder"

AUTH_ISSUER='it is "quoted"'
EMPTY=
TRUST_PROXY="" # none
  CORS_ORIGINS=https://a.example#b
`;
    await writeFile(path, text);
    expect(readEnvFile(path)).toEqual(parseEnv(text));
    await writeFile(path, text.replaceAll('\n', '\r\n'));
    expect(readEnvFile(path)).toEqual(parseEnv(text));
    await writeFile(path, `\ufeff${text.slice('# ours\n'.length)}`);
    expect(readEnvFile(path)).toEqual(parseEnv(text));
    const example = await readFile('.env.example', 'utf8');
    expect(readEnvFile('.env.example')).toEqual(parseEnv(example));
  });

  it('may be missing', () => {
    expect(readEnvFile(path)).toEqual({});
  });

  it.each([
    ['no equals sign', 'PORT=1\nSEGMIND_API_KEY SG_secret\n', 2],
    ['a name that is none', '2PORT=SG_secret\n', 1],
    ['a quote that is not closed', '\nSEGMIND_API_KEY="SG_secret\nDATA_DIR="x"\n', 2],
    ['more behind the quote', 'SEGMIND_API_KEY="SG_secret" and more\n', 1],
    ['a mark within it', 'PORT=1\n\ufeffSEGMIND_API_KEY=SG_secret\n', 2],
    ['an encoding that is not UTF-8', Buffer.from('SEGMIND_API_KEY=SG_secret\n', 'utf16le'), 1],
  ])('with %s is refused: the line is named, and not repeated', async (_, content, line) => {
    await writeFile(path, content);
    expect(() => readEnvFile(path)).toThrow(`${path}, line ${line}: `);
    expect(() => readEnvFile(path)).not.toThrow(/secret/);
  });

  it('that cannot be read is refused', async () => {
    await mkdir(path);
    expect(() => readEnvFile(path)).toThrow(`${path} cannot be read (EISDIR).`);
  });
});

/** Runs a program of ours in a folder of its own, as an npm script does. */
async function run(parameters: readonly string[], environment: Record<string, string> = {}) {
  return promisify(execFile)(process.execPath, parameters, {
    cwd: directory,
    env: { PATH: process.env.PATH, ...environment },
    timeout: 30_000,
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

const loader = ['--import', resolve('dist/settings/load-env-file.js')];
const print = [
  '--print',
  'JSON.stringify([process.env.PORT, process.env.ROLE, process.env.SEGMIND_API_KEY])',
];

describe('a program that an npm script starts', () => {
  it('has the settings of .env, below those that are set already, also to nothing', async () => {
    await writeFile(path, 'PORT=4100\nROLE=api\nSEGMIND_API_KEY=SG_of_the_file\n');
    const { stdout } = await run([...loader, ...print], { ROLE: 'worker', SEGMIND_API_KEY: '' });
    expect(JSON.parse(stdout)).toEqual(['4100', 'worker', '']);
    // By itself a program reads no file: tests, containers and service managers set variables.
    expect(JSON.parse((await run(print)).stdout)).toEqual([null, null, null]);
    const main = [...loader, resolve('dist/main.js')];
    await writeFile(path, 'PORT=soon\n');
    expect((await run(main)).stderr).toContain('PORT must be a whole number');
    expect((await run([resolve('dist/main.js')], { ROLE: 'boss' })).stderr).not.toContain('PORT');
  });

  it('does not start with a file that it cannot read in full, and says so in one line', async () => {
    await writeFile(path, 'PORT 4100\n');
    const { code, stdout, stderr } = await run([...loader, ...print]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toBe('Dramatis cannot start: .env, line 1: a line must be NAME=value, or begin with #.\n');
  });

  it('is the server, the demo, the verification or the simulator, and no other', async () => {
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    const withFile = Object.entries(scripts).filter(([, command]) => command.includes('load-env-file'));
    expect(withFile.map(([name]) => name)).toEqual(['start', 'demo', 'verify', 'simulator']);
  });
});
