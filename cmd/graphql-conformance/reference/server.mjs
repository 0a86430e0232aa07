// Serves the reference schema with graphql-js behind graphql-http: server.mjs SCHEMA PORT.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { buildSchema, execute } from 'graphql';
import { createHandler } from 'graphql-http/lib/use/http';
import { root } from './resolvers.mjs';

const [, , schemaFile, port] = process.argv;
const schema = buildSchema(readFileSync(schemaFile, 'utf8'));
const handler = createHandler({ schema, execute: (args) => execute({ ...args, rootValue: root() }) });
createServer(handler).listen(Number(port), '127.0.0.1');
