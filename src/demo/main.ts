import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { formatDollars } from '../money.ts';
import { reportNearMisses } from '../settings/near-misses.ts';
import { scriptDefaults } from '../settings/script-variables.ts';
import { ApiClient, type Model, type Quote, type Run } from './api-client.ts';
import { describeCost, maySpend } from './consent.ts';
import { drawContactSheet, type SheetGroup } from './contact-sheet.ts';
import { drawPortraits } from './portraits.ts';
import { Progress } from './progress.ts';
import { type DemoServer, isAlive, startServer } from './server-process.ts';

// Does what a typical client does: makes a character with references, starts one run of each model, saves every
// picture. An empty variable counts as unset, as it does for the server.
const serverUrl = process.env.DRAMATIS_URL || scriptDefaults.DRAMATIS_URL;
const dataDirectory = process.env.DATA_DIR || 'data';
const output = resolve(process.env.DEMO_OUTPUT || scriptDefaults.DEMO_OUTPUT);
reportNearMisses(process.env);
let server: DemoServer | undefined;

const prompts: Readonly<Record<string, object>> = {
  consistentCharacter: { prompt: 'reading a map on a windy pier', numberOfOutputs: 2 },
  consistentCharacterWithPose: { prompt: 'waving from a hilltop at dawn', useInputImgDimension: false },
  consistentCharacterAiNeolemonV3: { prompt: 'repairing a bicycle in a workshop' },
  consistentCharacterAiNeolemon: { prompt: 'character sheet, walking, running, sitting' },
};

async function adminKey(): Promise<string> {
  if (process.env.ADMIN_API_KEY) return process.env.ADMIN_API_KEY;
  const key = (await readFile(join(dataDirectory, 'admin-key'), 'utf8').catch(() => '')).trim();
  if (key) return key;
  const place = resolve(dataDirectory);
  throw new Error(
    `no admin key: set ADMIN_API_KEY, or DATA_DIR to the server's data folder (looked in ${place}).`,
  );
}

/** The input for a run of a model. */
function wishOf({ inputName }: Model): Record<string, object> {
  return { [inputName]: prompts[inputName] ?? { prompt: 'a portrait' } };
}

async function drawWith(
  api: ApiClient,
  characterId: string,
  { model, quote }: { readonly model: Model; readonly quote: Quote },
  progress: Progress,
): Promise<{ run: Run; group: SheetGroup }> {
  const onChange = progress.add(model.title, model.typicalSeconds ?? 30);
  const asked = await api.generate(characterId, wishOf(model), quote.id);
  const run = await api.follow(asked.id, onChange);
  const pictures = await Promise.all(run.images.map(({ image }) => api.download(image.url)));
  await Promise.all(
    run.images.map(({ index, image }, place) =>
      writeFile(
        join(output, `${model.slug}-${index + 1}.${image.contentType.replace('image/', '')}`),
        pictures[place] ?? Buffer.alloc(0),
      ),
    ),
  );
  const cost = run.costMicros === null ? 'cost unknown' : formatDollars(run.costMicros);
  const seconds = run.inferenceSeconds === null ? '' : `${run.inferenceSeconds.toFixed(1)} s`;
  return {
    run,
    group: {
      title: model.title,
      caption: [run.status === 'COMPLETED' ? '' : run.status, cost, seconds].filter(Boolean).join(', '),
      pictures,
    },
  };
}

async function main(): Promise<number> {
  const { yes: isAgreed, 'small-sheet': smallSheet } = parseArgs({
    options: { yes: { type: 'boolean', default: false }, 'small-sheet': { type: 'string' } },
  }).values;
  let url = serverUrl.replace(/\/+$/, '');
  if (!(await isAlive(url))) {
    console.log(`No server at ${url}; starting one for the demo.`);
    server = await startServer(process.env);
    url = server.url;
  }
  const api = new ApiClient(url, await adminKey());
  await mkdir(output, { recursive: true });
  const projectId = await api.createProject('Demo');
  const appearance = 'a woman of thirty with short red hair, grey eyes and freckles, in a green coat';
  const characterId = await api.createCharacter({ projectId, name: 'Mara', appearance, tags: ['demo'] });
  const { face, pose } = await drawPortraits();
  await api.addReferenceImage(projectId, { characterId, kind: 'FACE', label: 'close-up' }, face);
  await api.addReferenceImage(projectId, { characterId, kind: 'POSE', label: 'waving' }, pose);
  const models = await api.models();
  const environment = await api.environment();
  const wanted = await Promise.all(
    models.map(async (model) => ({ model, quote: await api.quote(characterId, wishOf(model)) })),
  );
  console.log(`Mara is at ${url}, with a face and a pose. One run of each model:\n`);
  console.log(
    describeCost(
      environment,
      wanted.map(({ quote }) => quote),
    ),
  );
  if (!(await maySpend(environment, isAgreed, { input: process.stdin, output: process.stdout }))) {
    console.log(
      'Nothing was drawn, and nothing was paid. To spend the money without being asked, add -- --yes.',
    );
    return 1;
  }

  const progress = new Progress(process.stdout);
  const drawn = await Promise.all(wanted.map((each) => drawWith(api, characterId, each, progress)));
  progress.stop();

  const references: SheetGroup = {
    title: 'Mara',
    caption: 'The references: face and pose',
    pictures: [face, pose],
  };
  const groups = [references, ...drawn.map(({ group }) => group)];
  const heading = 'Mara, drawn by every model';
  const sheet = join(output, 'contact-sheet.png');
  await writeFile(sheet, await drawContactSheet(heading, groups));
  if (smallSheet) await writeFile(smallSheet, await drawContactSheet(heading, groups, { colours: 256 }));

  const total = drawn.reduce((sum, { run }) => sum + (run.costMicros ?? 0n), 0n);
  console.log(`\nAll together  ${formatDollars(total)}`);
  console.log(`Pictures in   ${output}\nAll on one    ${sheet}`);
  const failed = drawn.filter(({ run }) => run.status !== 'COMPLETED');
  for (const { run, group } of failed)
    console.error(`${group.title}: ${run.status} ${run.failure?.message ?? ''}`);
  return failed.length === 0 ? 0 : 1;
}

process.on('SIGINT', () => void (server?.stop() ?? Promise.resolve()).then(() => process.exit(130)));
const code = await main().catch((error: unknown) => {
  console.error(`The demo ended early: ${error instanceof Error ? error.message : String(error)}`);
  return 1;
});
await server?.stop();
process.exit(code);
