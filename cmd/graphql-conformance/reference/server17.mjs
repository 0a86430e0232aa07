// The reference schema with graphql-js 17 behind graphql-http, whose published range of
// versions ends before 17.1.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { buildSchema, execute } from 'graphql';
import { createHandler } from 'graphql-http/lib/use/http';
import { root } from './resolvers.mjs';

const [, , schemaFile, port] = process.argv;
const schema = buildSchema(readFileSync(schemaFile, 'utf8'));
const handler = createHandler({ schema, execute: (args) => execute({ ...args, rootValue: root() }) });
createServer(handler).listen(Number(port), '127.0.0.1');
