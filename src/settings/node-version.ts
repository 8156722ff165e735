/*
 * The first module of a program. It ends the program when its Node is too old to load the other modules, before they
 * are loaded. It imports nothing, and its syntax is one that old versions of Node can read.
 */
const oldest = 24;
if (Number(process.versions.node.split('.')[0]) < oldest) {
  process.stderr.write(
    `Dramatis cannot start: it needs Node ${oldest} or newer, and this is Node ${process.versions.node}. "npm start" uses the Node ${oldest} that "npm ci" has installed.\n`,
  );
  process.exit(1);
}

export {};
