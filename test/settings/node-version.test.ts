import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';

/** Makes a program believe that it runs on another Node. */
const pretend = (version: string) => [
  '--import',
  `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`,
];

async function start(version: string) {
  const parameters = [...pretend(version), 'dist/main.js'];
  // It goes no further than its settings.
  return promisify(execFile)(process.execPath, parameters, { env: { PORT: 'none' } }).then(
    () => ({ code: 0, stderr: '' }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  );
}

it.each(['16.20.2', '20.20.2', '22.19.0', '23.11.1'])(
  'Node %s is told what is needed, in one line',
  async (version) => {
    const { code, stderr } = await start(version);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `Dramatis cannot start: it needs Node 24 or newer, and this is Node ${version}. "npm start" uses the Node 24 that "npm ci" has installed.\n`,
    );
  },
);

it.each(['24.0.0', '26.1.0'])('Node %s goes on', async (version) => {
  expect((await start(version)).stderr).toMatch(/^The configuration has 1 problem/);
});

it('nothing that an old Node cannot load is loaded before the check', () => {
  const program = readFileSync('src/main.ts', 'utf8');
  const imports = [...program.matchAll(/^import (?:.* from )?'(.*)';$/gm)].map(([, path]) => path);
  expect(imports.toSorted()).toEqual(['./errors.ts', './settings/node-version.ts']);
  for (const path of ['src/errors.ts', 'src/settings/node-version.ts'])
    expect(readFileSync(path, 'utf8')).not.toMatch(/^import/m);
});

it('what is said of Node is the same everywhere', () => {
  const { engines, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(engines).toEqual({ node: '>=20' });
  expect(devDependencies.node).toMatch(/^24\./);
  expect(readFileSync('Dockerfile', 'utf8').match(/^FROM node:24-/gm)).toHaveLength(2);
  const readme = readFileSync('README.md', 'utf8');
  expect(readme).toContain('Node 20 or newer');
  expect(readme).toContain('Node 24');
});
