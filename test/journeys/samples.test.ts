import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { findImageModel } from '../../src/catalogue/catalogue.ts';
import { graphqlName } from '../../src/catalogue/model.ts';
import { Dramatis, generateMutation } from '../support/dramatis.ts';

let dramatis: Dramatis;
beforeAll(async () => {
  dramatis = await Dramatis.start();
});
afterAll(() => dramatis.stop());

/** The sample requests of the provider's documents, word for word, image fields apart. */
const samples: Record<string, Record<string, unknown>> = {
  'consistent-character': {
    seed: 42,
    prompt: 'a photo of a man at a beach, wearing hawaiian shirt, looking directly at the camera',
    output_format: 'webp',
    output_quality: 80,
    negative_prompt: 'low quality,blur',
    randomise_poses: true,
    number_of_outputs: 1,
    number_of_images_per_pose: 1,
  },
  'consistent-character-with-pose': {
    base_64: false,
    custom_height: 1024,
    custom_width: 1024,
    output_format: 'png',
    prompt:
      'A candid photo of a woman , wearing a blue denim shirt and matching jeans. light smile on her face',
    quality: 95,
    samples: 1,
    seed: 2778725438,
    use_input_img_dimension: true,
  },
  'consistent-character-AI-neolemon-v3': {
    prompt:
      'young man,beard, light skin, round face, large brown eyes and wavy brown hair, wearing a white t-shirt, red plaid shirt, blue jeans, and brown boots',
    steps: 10,
    guidance_scale: 3,
    width: 1024,
    height: 1024,
    seed: 4898558797,
  },
  'consistent-character-ai-neolemon': {
    prompt:
      '((masterpiece, best quality, highly detailed)), simple background, character sheet, multiple poses, multiple actions, visible face, (one person), portrait, full body, young african american girl, white sweater, jeans, short curly brown hair, 2D illustration style',
    negative_prompt:
      'text, watermark, underexposed, ugly, jpeg, (worst quality, low quality, lowres, low details, oversaturated, undersaturated, overexposed, grayscale, bw, bad photo, bad art:1.4), (font, username, error, logo, words, letters, digits, autograph, trademark, name:1.2), (blur, blurry, grainy), cropped, out of frame, cut off, jpeg artifacts, out of focus, glitch, duplicate, (amateur:1.3), merging, clipping, (nsfw), multiple hands, mutant, glitch, uncanny, cross eye, broken face, astronaut, helmet, blurry,',
    num_inference_steps: 20,
    guidance_scale: 7,
    seed: 4898558797,
    samples: 1,
    strength: 0.8,
    scheduler: 'karras',
    sampler: 'dpmpp_2m',
    upscale_by: 2,
    upscale_steps: 20,
    upscale_guidance_scale: 7,
    upscale_scheduler: 'karras',
    upscale_sampler: 'dpmpp_2m',
    upscale_mode_type: 'Linear',
    fd_steps: 20,
    fd_guidance_scale: 7,
    fd_scheduler: 'karras',
    fd_sampler: 'dpmpp_2m',
  },
};
const imageFields: Record<string, string[]> = {
  'consistent-character': ['subject'],
  'consistent-character-with-pose': ['face_image', 'pose_image'],
  'consistent-character-AI-neolemon-v3': ['ip_image'],
  'consistent-character-ai-neolemon': ['image'],
};

describe("each document's own sample, asked through GraphQL", () => {
  it.each(Object.entries(samples))('%s is sent as the document has it', async (slug, sample) => {
    const model = findImageModel(slug);
    const { characterId } = await dramatis.cast();
    const values = Object.fromEntries(
      Object.entries(sample).map(([name, value]) => [graphqlName({ name }), value]),
    );
    const { generate } = await dramatis.get(generateMutation, {
      input: { characterId, model: { [model?.inputName ?? '']: values } },
    });
    expect(generate.userErrors).toEqual([]);
    expect((await dramatis.settle(generate.generation.id)).status).toBe('COMPLETED');
    const sent = dramatis.simulator.requests.find(({ path }) => path === `/v2/${slug}`);
    const body: Record<string, unknown> = JSON.parse(sent?.body.toString() ?? '{}');
    const pictures = Object.fromEntries(
      (imageFields[slug] ?? []).map((name) => [name, expect.stringMatching(/^http:.*\/assets\//)]),
    );
    expect(body).toEqual({ ...sample, ...pictures });
  });

  it('a picture is uploaded once for all runs', async () => {
    const { characterId } = await dramatis.cast();
    const uploads = () => dramatis.simulator.requests.filter(({ path }) => path === '/upload-asset').length;
    await dramatis.settle(await dramatis.generate(characterId));
    const before = uploads();
    await dramatis.settle(await dramatis.generate(characterId));
    expect(uploads()).toBe(before);
  });
});
