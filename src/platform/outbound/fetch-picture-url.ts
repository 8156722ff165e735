import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns';
import type { Readable } from 'node:stream';
import { Agent, request } from 'undici';
import { isExhausted, isForLater, toError } from '../../errors.ts';
import { isPublicAddress, literalAddress, readAllowance } from './check-address.ts';

export type FetchProblem =
  | 'URL_INVALID'
  | 'ADDRESS_FORBIDDEN'
  | 'PORT_FORBIDDEN'
  | 'TOO_MANY_REDIRECTS'
  | 'TOO_LARGE'
  | 'TIMED_OUT'
  | 'UNREACHABLE'
  | 'HTTP_STATUS';

/** The URL is not fetched, or gave no bytes. The message contains no address and no body. */
export class FetchRefused extends Error {
  override name = 'FetchRefused';
  readonly code: FetchProblem;

  constructor(code: FetchProblem, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Fetches URLs of users, but none that leads to the server's own network. */
export interface Outbound {
  /**
   * The bytes behind a public http(s) URL. `onBytes` is called for each piece before the piece is kept, and may throw.
   * Throws FetchRefused, and what `onBytes` throws.
   */
  fetchBytes(url: string, onBytes?: (count: number) => void): Promise<Buffer>;
  close(): Promise<void>;
}

/** Is called with the number of bytes that have come. */
type OnBytes = (count: number) => void;

/** Finds all addresses of a host. */
export type Lookup = (
  hostname: string,
  answer: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

const maxRedirects = 3;
const systemLookupAll: Lookup = (hostname, answer) => systemLookup(hostname, { all: true }, answer);

/**
 * `allow` permits an operator's own hosts. A host's addresses are checked in the same lookup that the connection uses,
 * so a name cannot resolve to another address between the check and the connection. Literal addresses never reach a
 * lookup and are checked on each hop. When a host has several addresses, one forbidden address refuses the host.
 */
export function createOutbound(options: {
  allow: readonly string[];
  maxBytes: number;
  timeoutMs?: number;
  lookup?: Lookup;
}): Outbound {
  const { maxBytes, timeoutMs = 15_000, lookup = systemLookupAll } = options;
  const allowance = readAllowance(options.allow);
  const isAllowed = (address: string) => isPublicAddress(address) || allowance.address(address);

  function agentFor(isHostAllowed: boolean): Agent {
    return new Agent({
      pipelining: 0,
      connect: {
        lookup: (hostname, { all }, answer) => {
          lookup(hostname, (error, addresses) => {
            const [first] = addresses ?? [];
            if (error || !first) return answer(error ?? new Error('no address'), '', 4);
            if (!isHostAllowed && !addresses.every(({ address }) => isAllowed(address)))
              return answer(forbidden(), '', 4);
            // Node asks for one address or for all of them.
            if (all) return answer(null, addresses as never, 0);
            return answer(null, first.address, first.family);
          });
        },
      },
    });
  }
  const agents = { strict: agentFor(false), allowed: agentFor(true) };

  function check(text: string, base?: string): { url: URL; agent: Agent } {
    if (!URL.canParse(text, base)) throw new FetchRefused('URL_INVALID', 'This is not a URL.');
    const url = new URL(text, base);
    if (url.protocol !== 'http:' && url.protocol !== 'https:') {
      throw new FetchRefused('URL_INVALID', 'Only http and https URLs are fetched.');
    }
    if (url.username || url.password)
      throw new FetchRefused('URL_INVALID', 'A URL with a user name is not fetched.');
    const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80));
    if (allowance.host(url.hostname, port)) return { url, agent: agents.allowed };
    if (port !== 80 && port !== 443)
      throw new FetchRefused('PORT_FORBIDDEN', 'Only ports 80 and 443 are fetched from.');
    const literal = literalAddress(url.hostname);
    if (literal !== undefined && !isAllowed(literal)) throw forbidden();
    return { url, agent: agents.strict };
  }

  async function readBody(body: AsyncIterable<Buffer>, onBytes: OnBytes): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of body) {
      sizeBytes += chunk.length;
      if (sizeBytes > maxBytes)
        throw new FetchRefused('TOO_LARGE', `The picture has more than ${maxBytes} bytes.`);
      onBytes(chunk.length);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  }

  async function fetchBytes(text: string, signal: AbortSignal, onBytes: OnBytes): Promise<Buffer> {
    let hop = check(text);
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      const headers = { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'dramatis' };
      const answer = await request(hop.url, { dispatcher: hop.agent, signal, headers });
      const { location } = answer.headers;
      if (answer.statusCode >= 300 && answer.statusCode < 400 && typeof location === 'string') {
        discard(answer.body);
        hop = check(location, hop.url.href);
        continue;
      }
      if (answer.statusCode !== 200) {
        discard(answer.body);
        throw new FetchRefused('HTTP_STATUS', `The URL answered with status ${answer.statusCode}.`);
      }
      return await readBody(answer.body, onBytes);
    }
    throw new FetchRefused('TOO_MANY_REDIRECTS', `More than ${maxRedirects} redirects are not followed.`);
  }

  return {
    async fetchBytes(text, onBytes = () => undefined) {
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        return await fetchBytes(text, signal, onBytes);
      } catch (error) {
        // A lack of sockets or of memory in this process is not a fault of the URL.
        throw isExhausted(error) || isForLater(error) ? error : presentFailure(error, signal.aborted);
      }
    },
    async close() {
      await Promise.all([agents.strict.destroy(), agents.allowed.destroy()]);
    },
  };
}

/** Closes a body that is not read. Its error event has a listener, because otherwise the process would end. */
function discard(body: Readable): void {
  body.on('error', () => undefined).destroy();
}

function forbidden(): FetchRefused {
  return new FetchRefused('ADDRESS_FORBIDDEN', 'The URL does not lead to a public address.');
}

function presentFailure(error: unknown, isTimeUp: boolean): FetchRefused {
  if (error instanceof FetchRefused) return error;
  const { cause } = toError(error);
  if (cause instanceof FetchRefused) return cause;
  if (isTimeUp) return new FetchRefused('TIMED_OUT', 'The URL did not answer in time.', { cause: error });
  return new FetchRefused('UNREACHABLE', 'The URL could not be reached.', { cause: error });
}
