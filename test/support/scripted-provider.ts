import type { SegmindOptions } from '../../src/platform/segmind/options.ts';
import { createSegmind, type Segmind } from '../../src/platform/segmind/segmind.ts';
import type { SegmindError } from '../../src/platform/segmind/segmind-error.ts';
import { type ScriptedServer, startScriptedServer } from './scripted-server.ts';

export const providerKey = 'SG_0123456789abcdef';

/** A provider that answers from a script, a host that must never hear of it, and clients of the provider. */
export interface ScriptedProvider {
  readonly api: ScriptedServer;
  readonly elsewhere: ScriptedServer;
  client(options?: Partial<SegmindOptions>): Segmind;
  close(): Promise<void>;
}

export async function startScriptedProvider(): Promise<ScriptedProvider> {
  const [api, elsewhere] = await Promise.all([startScriptedServer(), startScriptedServer()]);
  const clients: Segmind[] = [];
  return {
    api,
    elsewhere,
    client(options = {}) {
      const segmind = createSegmind({
        apiKey: providerKey,
        baseUrl: `${api.url}/v1/`,
        uploadUrl: `${api.url}/upload-asset`,
        maxOutputBytes: 1_000,
        ...options,
      });
      clients.push(segmind);
      return segmind;
    },
    async close() {
      await Promise.all(clients.map((segmind) => segmind.close()));
      await Promise.all([api.close(), elsewhere.close()]);
    },
  };
}

/** The error of a call that has to fail. */
export function failure(call: Promise<unknown>): Promise<SegmindError> {
  return call.then(
    () => Promise.reject(new Error('It was expected to fail.')),
    (error) => error,
  );
}
