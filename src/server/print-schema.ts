import { writeFileSync } from 'node:fs';
import { createSchema, printContract } from './schema.ts';

// Writes the schema to the committed file. Run `npm run schema` after an intended change of the API.
writeFileSync('schema.graphql', printContract(await createSchema()));
