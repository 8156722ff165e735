import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { parseDollars } from '../money.ts';

/** A run as the demo shows it. */
export interface Run {
  readonly id: string;
  readonly status: string;
  /** The cost in micro-dollars; null while it is not known. */
  readonly costMicros: bigint | null;
  readonly inferenceSeconds: number | null;
  readonly failure: { code: string; message: string } | null;
  readonly images: readonly { index: number; image: { url: string; contentType: string } }[];
}

/** A run as the API returns it. */
interface RunAnswer extends Omit<Run, 'costMicros'> {
  readonly cost: string | null;
}

export interface Model {
  readonly slug: string;
  readonly inputName: string;
  readonly title: string;
  readonly typicalSeconds: number | null;
}

/** Where runs are executed: on the simulator, or at the provider for money. */
export type Environment = 'SIMULATOR' | 'LIVE';

/** The price of a run before it is started, in micro-dollars. */
export interface Quote {
  /** A run that names this id costs at most the quoted price, and is refused in another environment. */
  readonly id: string;
  /** The expected cost; null while it is not known. */
  readonly expectedMicros: bigint | null;
  /** The amount that is held for the run. */
  readonly holdMicros: bigint;
}

const runFields =
  'id status cost inferenceSeconds failure { code message } images { index image { url contentType } }';

function microsOf(amount: string): bigint {
  const micros = parseDollars(amount);
  if (micros === null) throw new Error(`The server sent an invalid amount: ${amount}`);
  return micros;
}

function toRun({ cost, ...run }: RunAnswer): Run {
  return { ...run, costMicros: cost === null ? null : microsOf(cost) };
}

/** A client of the public API only: GraphQL over HTTP and WebSocket, and the upload route. */
export class ApiClient {
  readonly #url: string;
  readonly #authorization: string;

  constructor(url: string, key: string) {
    this.#url = url;
    this.#authorization = `Bearer ${key}`;
  }

  async #ask<Data>(query: string, variables: object = {}): Promise<Data> {
    const response = await fetch(`${this.#url}/graphql`, {
      method: 'POST',
      headers: { authorization: this.#authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    const { data, errors } = (await response.json()) as { data: Data; errors?: { message: string }[] };
    if (errors) throw new Error(errors.map(({ message }) => message).join(' '));
    return data;
  }

  /** Runs a mutation with one input and resolves to its entity. Throws the messages of the user errors. */
  async #mutate<Entity>(
    name: string,
    inputType: string,
    entity: string,
    fields: string,
    input: object,
  ): Promise<Entity> {
    const query = `mutation ($input: ${inputType}!) { ${name}(input: $input) { ${entity} { ${fields} } userErrors { message } } }`;
    const data = await this.#ask<Record<string, Record<string, unknown>>>(query, { input });
    const payload = data[name] ?? {};
    if (payload[entity]) return payload[entity] as Entity;
    throw new Error((payload.userErrors as { message: string }[]).map(({ message }) => message).join(' '));
  }

  async models(): Promise<Model[]> {
    const { imageModels } = await this.#ask<{ imageModels: Model[] }>(
      '{ imageModels { slug inputName title typicalSeconds } }',
    );
    return imageModels;
  }

  async environment(): Promise<Environment> {
    const { provider } = await this.#ask<{ provider: { environment: Environment } }>(
      '{ provider { environment } }',
    );
    return provider.environment;
  }

  async quote(characterId: string, model: Record<string, object>): Promise<Quote> {
    const query = `query ($input: GenerateInput!) {
      quoteGeneration(input: $input) { quote { id hold price { expected } } userErrors { message } } }`;
    const input = { characterId, model };
    const { quoteGeneration } = await this.#ask<{
      quoteGeneration: {
        quote: { id: string; hold: string; price: { expected: string | null } } | null;
        userErrors: { message: string }[];
      };
    }>(query, { input });
    const { quote, userErrors } = quoteGeneration;
    if (!quote) throw new Error(userErrors.map(({ message }) => message).join(' '));
    const { expected } = quote.price;
    return {
      id: quote.id,
      expectedMicros: expected === null ? null : microsOf(expected),
      holdMicros: microsOf(quote.hold),
    };
  }

  async createProject(name: string): Promise<string> {
    return (
      await this.#mutate<{ id: string }>('createProject', 'CreateProjectInput', 'project', 'id', { name })
    ).id;
  }

  async createCharacter(input: {
    projectId: string;
    name: string;
    appearance: string;
    tags: string[];
  }): Promise<string> {
    return (
      await this.#mutate<{ id: string }>('createCharacter', 'CreateCharacterInput', 'character', 'id', input)
    ).id;
  }

  /** Uploads a picture and makes it a reference image of a character. */
  async addReferenceImage(
    projectId: string,
    reference: { characterId: string; kind: string; label: string },
    bytes: Buffer,
  ): Promise<string> {
    const response = await fetch(`${this.#url}/images?projectId=${projectId}`, {
      method: 'POST',
      headers: { authorization: this.#authorization, 'content-type': 'image/png' },
      body: new Uint8Array(bytes),
    });
    if (response.status !== 201)
      throw new Error(`The upload was answered with ${response.status}: ${await response.text()}`);
    const { id } = (await response.json()) as { id: string };
    const input = { ...reference, source: { imageId: id } };
    return (
      await this.#mutate<{ id: string }>(
        'addReferenceImage',
        'AddReferenceImageInput',
        'referenceImage',
        'id',
        input,
      )
    ).id;
  }

  /** Starts a run, at the price of a quote when one is named. */
  async generate(characterId: string, model: Record<string, object>, quoteId?: string): Promise<Run> {
    const input = { characterId, model, quoteId };
    return toRun(await this.#mutate<RunAnswer>('generate', 'GenerateInput', 'generation', runFields, input));
  }

  /** Subscribes to a run until it has ended, and resolves to its last state. */
  async follow(id: string, onChange: (run: Run) => void): Promise<Run> {
    const client = createClient({
      url: `${this.#url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { authorization: this.#authorization },
    });
    let last: Run | undefined;
    const query = `subscription ($id: ID!) { generationUpdated(id: $id) { ${runFields} } }`;
    for await (const { data, errors } of client.iterate<{ generationUpdated: RunAnswer }>({
      query,
      variables: { id },
    })) {
      if (errors) throw new Error(errors.map(({ message }) => message).join(' '));
      if (!data) continue;
      last = toRun(data.generationUpdated);
      onChange(last);
    }
    await client.dispose();
    if (!last) throw new Error('The subscription ended without sending the run.');
    return last;
  }

  async download(url: string): Promise<Buffer> {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`A picture was answered with ${response.status}.`);
    return Buffer.from(await response.arrayBuffer());
  }
}
