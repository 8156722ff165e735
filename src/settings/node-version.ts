/*
 * The first module of a program: it ends the program on a Node that cannot load the others, before they are loaded. It
 * imports nothing, and is written so that old versions of Node can read it.
 */
const oldest = 24;
if (Number(process.versions.node.split('.')[0]) < oldest) {
  process.stderr.write(
    `Dramatis cannot start: it runs on Node ${oldest} or newer, and this is Node ${process.versions.node}. "npm start" uses the Node ${oldest} that "npm ci" has installed.\n`,
  );
  process.exit(1);
}

export {};
