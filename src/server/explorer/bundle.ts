import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { explorerFolder, explorerMark } from './explorer-route.ts';

// The same relative path from src/server/explorer and from dist/server/explorer.
const root = join(import.meta.dirname, '../../..');
const sources = join(root, 'src/server/explorer/browser');
const stamp = join(explorerFolder, '.fingerprint');

/**
 * Writes the explorer's page, script and style, which load nothing from other servers, to the folder that the routes
 * serve. Does nothing when the sources and packages are unchanged. Returns whether it wrote.
 */
export async function bundleExplorer(): Promise<boolean> {
  const print = await fingerprint();
  if ((await readFile(stamp, 'utf8').catch(() => '')) === print) return false;

  await rm(explorerFolder, { recursive: true, force: true });
  await mkdir(explorerFolder, { recursive: true });
  const { metafile } = await build({
    entryPoints: [join(sources, 'page.js')],
    outdir: explorerFolder,
    absWorkingDir: root,
    // The name changes with the content, so that browsers may cache a file forever.
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    metafile: true,
    legalComments: 'linked',
    define: { 'process.env.NODE_ENV': '"production"' },
    loader: { '.svg': 'dataurl' },
    logLevel: 'warning',
  });
  const entry = Object.entries(metafile.outputs).find(([, file]) => file.entryPoint?.endsWith('page.js'));
  if (!entry?.[1].cssBundle) throw new Error('The explorer was bundled without its script or its style.');
  const mark = await readFile(join(sources, 'mark.svg'), 'base64');
  const html = pageHtml({ script: basename(entry[0]), style: basename(entry[1].cssBundle), mark });
  await writeFile(join(explorerFolder, 'page.html'), html);
  await writeFile(stamp, print);
  return true;
}

/** A hash of everything that the bundle is made of. The lock file stands for all packages. */
async function fingerprint(): Promise<string> {
  const names = (await readdir(sources)).sort().map((name) => join(sources, name));
  const hash = createHash('sha256');
  for (const input of [join(sources, '../bundle.ts'), join(root, 'package-lock.json'), ...names]) {
    hash.update(await readFile(input));
  }
  return hash.digest('hex');
}

function pageHtml({ script, style, mark }: { script: string; style: string; mark: string }): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Dramatis explorer</title>
<link rel="icon" href="data:image/svg+xml;base64,${mark}">
<link rel="stylesheet" href="${explorerMark}${style}">
<script type="module" src="${explorerMark}${script}"></script>
</head>
<body><div id="explorer"></div><noscript>The explorer needs JavaScript.</noscript></body>
</html>
`;
}

if (import.meta.main) await bundleExplorer();
