import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A server that the demo has started. */
export interface DemoServer {
  readonly url: string;
  stop(): Promise<void>;
}

const mainPath = fileURLToPath(new URL('../main.js', import.meta.url));

/** Whether a server answers at this URL. */
export async function isAlive(url: string): Promise<boolean> {
  return fetch(`${url}/livez`, { signal: AbortSignal.timeout(1_000) }).then(
    (answer) => answer.ok,
    () => false,
  );
}

/** Starts the server on a free port and waits until it listens. Throws its error output when it does not start. */
export async function startServer(environment: NodeJS.ProcessEnv): Promise<DemoServer> {
  // In a process group of its own, so that Ctrl-C reaches only the demo, which then stops the server.
  const child: ChildProcess = spawn(process.execPath, [mainPath], {
    // Only the demo uses this server, at the address that it listens on.
    env: { ...environment, PORT: '0', PUBLIC_URL: '', ROLE: 'all', LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let errorOutput = '';
  child.stderr?.on('data', (text) => {
    errorOutput += text;
  });
  const exited = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    void exited.then(() => reject(new Error(errorOutput.trim() || 'The server ended.')));
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (!line.includes('"msg":"listening"')) return;
      resolve(String((JSON.parse(line) as { url: string }).url));
    });
  });
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
