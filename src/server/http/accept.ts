import { LRUCache } from 'lru-cache';
import Negotiator from 'negotiator';

/** The weight of each media type in a client's Accept header: from 0, not accepted, to 1. */
export function readAccept(accept: string): (type: string) => number {
  const weights = new Map(
    accept.split(',').map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
      const weight = parameters.find((parameter) => parameter.startsWith('q='));
      return [type, weight ? Number(weight.slice(2)) || 0 : 1] as const;
    }),
  );
  return (type) => weights.get(type) ?? weights.get(type.replace(/\/.*/, '/*')) ?? weights.get('*/*') ?? 0;
}

const answerTypes = ['application/json; charset=utf-8', 'application/graphql-response+json; charset=utf-8'];

/** A cache, because clients send the same few headers again and again. */
const known = new LRUCache<string, { type: string | null }>({ max: 100 });

/** The media type of a GraphQL response; null when the client accepts none of ours. */
export function answerType(accept = '*/*'): string | null {
  const answer = known.get(accept) ?? {
    type: new Negotiator({ headers: { accept } }).mediaType(answerTypes) ?? null,
  };
  known.set(accept, answer);
  return answer.type;
}
