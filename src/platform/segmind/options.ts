import type { Spool } from './spool.ts';

/** An account at the provider, and the limits of what it may do to us. */
export interface SegmindOptions {
  readonly apiKey: string;
  /** The API's address; a slash or version at its end does not matter. */
  readonly baseUrl: string;
  /** The provider environment that this API is. @default the API's address */
  readonly environment?: string;
  /** Within which a key names an account: other realms have other accounts. @default the environment */
  readonly realm?: string;
  /** The asset endpoint, in full. */
  readonly uploadUrl: string;
  /**
   * A list of past runs, in full; optional, because the provider's documents do not know it. Either
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
  /** A picture that is larger is not looked at. */
  readonly maxOutputBytes: number;
  /** An answer that is larger is not held in memory while it comes. @default 64 MiB */
  readonly memoryBytes?: number;
  /** Takes what is larger. Without it that is lost. */
  readonly spool?: () => Spool;
  /** Where pictures may be fetched from over https, besides the API's own origin. @default the provider's two */
  readonly outputHosts?: readonly string[];
}
