import type { Spool } from './spool.ts';

/** An account at the provider, and the limits of its answers. */
export interface SegmindOptions {
  readonly apiKey: string;
  /** The API's address; a slash or version at its end does not matter. */
  readonly baseUrl: string;
  /** The provider environment that this API is. @default the API's address */
  readonly environment?: string;
  /** The scope of a key: the same key in another realm is another account. @default the environment */
  readonly realm?: string;
  /** The asset endpoint, in full. */
  readonly uploadUrl: string;
  /**
   * The full address of a list of past runs; optional, because the provider's documents do not describe it. Either
   * `https://api.spotprod.segmind.com/inference-request/generations` or `…/request-history` beside it.
   */
  readonly generationsUrl?: string;
  /** @default 30000 */
  readonly submitTimeoutMs?: number;
  /** For `status`, `result`, `credits` and each page of `generations`. @default 15000 */
  readonly pollTimeoutMs?: number;
  /** For `run`, which lasts as long as the job. @default 300000 */
  readonly syncTimeoutMs?: number;
  /** For `download` and `upload`. @default 60000 */
  readonly downloadTimeoutMs?: number;
  /** A larger picture is not inspected. */
  readonly maxOutputBytes: number;
  /** A larger answer is not held in memory while it comes. @default 64 MiB */
  readonly memoryBytes?: number;
  /** Takes answers that are larger than `memoryBytes`. Without a spool they are lost. */
  readonly spool?: () => Spool;
  /** Where pictures may be fetched from over https, besides the API's own origin. @default the provider's two */
  readonly outputHosts?: readonly string[];
}
