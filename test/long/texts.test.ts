import { afterAll, beforeAll, it } from '@jest/globals';
import { answerAnything } from '../support/any-answer.ts';
import { Dramatis, picture } from '../support/dramatis.ts';
import { type OutspokenProvider, startOutspokenProvider } from '../support/outspoken-provider.ts';

let provider: OutspokenProvider;
let dramatis: Dramatis;
beforeAll(async () => {
  provider = await startOutspokenProvider(await picture('#284'));
  dramatis = await Dramatis.start({
    environment: {
      SEGMIND_BASE_URL: provider.url,
      SEGMIND_POLL_MIN_MS: '20',
      SEGMIND_POLL_MAX_MS: '100',
      // A run in doubt gives its slot back soon.
      SEGMIND_SLOW_AFTER_MS: '1000',
      COST_BURST: '100000000',
      COST_PER_SECOND: '1000000',
    },
  });
});
afterAll(async () => {
  await dramatis.stop();
  await provider.close();
});

it('ten thousand texts through every field of an answer: no run is stuck, no meaning changes', async () => {
  const { characterId } = await dramatis.cast();
  let cases = 0;
  const begin = (words: object) => {
    cases += 1;
    provider.words.set(cases, words);
    return dramatis.generate(characterId, `case ${cases}`);
  };
  await answerAnything({ dramatis, provider, begin }, 10_000);
});
