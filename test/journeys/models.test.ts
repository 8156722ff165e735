import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { imageModels } from '../../src/catalogue/catalogue.ts';
import { parametersInRole } from '../../src/catalogue/model.ts';
import { Dramatis, generateMutation } from '../support/dramatis.ts';

let dramatis: Dramatis;
beforeAll(async () => {
  dramatis = await Dramatis.start();
});
afterAll(() => dramatis.stop());

describe('a run of each model', () => {
  it.each(imageModels.map((model) => [model.slug, model] as const))(
    '%s: asked, followed, stored, paid',
    async (slug, model) => {
      const { characterId } = await dramatis.cast({ appearance: 'grey eyes' });
      const counts = parametersInRole(model, 'COUNT')
        .slice(0, 1)
        .map(({ name }) => [name.replace(/_(\w)/g, (_, next) => next.toUpperCase()), 2]);
      const { generate } = await dramatis.get(generateMutation, {
        input: {
          characterId,
          model: { [model.inputName]: { prompt: 'reading a map', ...Object.fromEntries(counts) } },
        },
      });
      expect(generate.userErrors).toEqual([]);
      const states = await dramatis.follow(generate.generation.id);

      const order = ['QUEUED', 'SUBMITTING', 'SUBMITTED', 'PROCESSING', 'STORING', 'COMPLETED'];
      const seen = states.map(({ status }) => order.indexOf(status));
      expect(seen).toEqual([...seen].sort((a, b) => a - b));
      expect(new Set(seen).size).toBe(seen.length);
      const last = states.at(-1);
      expect(last).toMatchObject({ status: 'COMPLETED', prompt: 'grey eyes, reading a map', failure: null });
      expect(last?.images).toHaveLength(counts.length === 0 ? 1 : 2);
      const times = model.price.per === 'GPU_SECOND' ? (last?.images.length ?? 0) : 1;
      const micros = Number(model.price.micros) * times;
      expect(last?.cost).toBe(`0.${String(micros).padStart(6, '0')}`);

      // The stored bytes are the very bytes that the provider served.
      const requestId = last?.providerRequestId;
      const result = await fetch(`${dramatis.simulator.url}/v2/requests/${requestId}`, {
        headers: { 'x-api-key': 'any' },
      });
      const { images } = (await result.json()) as { images: { url: string }[] };
      for (const { index, image } of last?.images ?? []) {
        const served = Buffer.from(await (await fetch(images[index]?.url ?? '')).arrayBuffer());
        const stored = Buffer.from(await (await fetch(image.url)).arrayBuffer());
        expect(stored.equals(served)).toBe(true);
        expect(createHash('sha256').update(stored).digest('hex')).toBe(image.sha256);
      }
      expect(dramatis.simulator.bill.filter((line) => line.slug === slug)).toHaveLength(1);
    },
  );
});
