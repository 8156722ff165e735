import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Closers } from './closers.ts';
import { makeFolder } from './durable-file.ts';
import { simulated } from './features/provider/environment.ts';
import type { WantedEnvironment } from './features/provider/settle-environment.ts';
import { keptText } from './kept-file.ts';
import { apiAddress } from './platform/segmind/address.ts';
import type { SegmindOptions } from './platform/segmind/options.ts';
import type { Config } from './settings/config.ts';
import { startSimulator } from './simulator/simulator.ts';

/** The provider that runs are sent to. */
export interface Provider
  extends Pick<SegmindOptions, 'apiKey' | 'baseUrl' | 'realm' | 'uploadUrl' | 'generationsUrl'> {
  readonly environment: string;
}

const liveHost = 'api.segmind.com';
const liveUploadUrl = 'https://workflows-api.segmind.com/upload-asset';

/** The provider environment of the settings, and the environment that PROVIDER_SWITCH_FROM allows to leave for it. */
export function wantedEnvironment(config: Config): WantedEnvironment {
  const from = config.PROVIDER_SWITCH_FROM;
  const switchFrom = from === undefined || from === simulated ? from : apiAddress(from);
  return { environment: environmentOf(config), switchFrom, settings: config };
}

/** The API's address when there is a key, otherwise the simulator. */
function environmentOf(config: Config): string {
  return config.SEGMIND_API_KEY === undefined ? simulated : apiAddress(config.SEGMIND_BASE_URL);
}

/** The provider itself when there is a key, otherwise a simulator of it. The rest of the code sees only a base URL. */
export async function openProvider(
  config: Config,
  dataDirectory: string,
  closers: Closers,
): Promise<Provider> {
  const environment = environmentOf(config);
  if (config.SEGMIND_API_KEY !== undefined) {
    const baseUrl = config.SEGMIND_BASE_URL;
    const isLiveHost = new URL(baseUrl).host === liveHost;
    return {
      apiKey: config.SEGMIND_API_KEY,
      environment,
      baseUrl,
      uploadUrl: config.SEGMIND_UPLOAD_URL ?? (isLiveHost ? liveUploadUrl : `${baseUrl}/upload-asset`),
      generationsUrl: config.SEGMIND_GENERATIONS_URL,
    };
  }
  const { url, realm } = await findSimulator(config, dataDirectory, closers);
  return {
    apiKey: 'SG_simulated0000000',
    environment,
    realm,
    baseUrl: url,
    uploadUrl: config.SEGMIND_UPLOAD_URL ?? `${url}/upload-asset`,
    generationsUrl: config.SEGMIND_GENERATIONS_URL ?? `${url}/inference-request/request-history`,
  };
}

/**
 * The address of the simulator and its realm, which names the place that keeps its jobs. A simulator that this process
 * starts has another address at each start, so its realm is an id that is kept with the jobs.
 */
async function findSimulator(
  config: Config,
  dataDirectory: string,
  closers: Closers,
): Promise<{ url: string; realm: string }> {
  if (config.SIMULATOR_URL !== undefined) {
    return { url: config.SIMULATOR_URL, realm: `${simulated} at ${config.SIMULATOR_URL}` };
  }
  const directory = join(dataDirectory, 'simulator');
  await makeFolder(directory);
  const simulator = await startSimulator({
    speed: config.SIMULATOR_SPEED,
    retentionMs: config.SEGMIND_RETENTION_MS,
    directory,
  });
  closers.push(() => simulator.close());
  const loss = 'simulated runs that are under way are lost';
  const { text: id } = await keptText(join(directory, 'id'), { make: randomUUID, loss });
  return { url: simulator.url, realm: `${simulated} ${id}` };
}
