import { writeFileSync } from 'node:fs';
import { createSchema, printContract } from './schema.ts';

// Writes the contract to the file that is committed: `npm run schema` after a wanted change of the API.
writeFileSync('schema.graphql', printContract(await createSchema()));
