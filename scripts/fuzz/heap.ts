import { text } from 'node:stream/consumers';
import { getHeapSnapshot } from 'node:v8';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

/** The parts of a heap snapshot that are read here; V8 writes each node as as many numbers as there are fields. */
const Snapshot = Type.Object({
  snapshot: Type.Object({
    meta: Type.Object({ node_fields: Type.Array(Type.String()), node_types: Type.Array(Type.Unknown()) }),
  }),
  nodes: Type.Array(Type.Number()),
});

/**
 * What V8 makes of the code for its own ends: it goes on compiling, and noting why it had to compile anew, as long as it meets
 * shapes of input that it has not met, and no program can let go of that.
 */
const engineOwn = new Set(['code', 'hidden', 'synthetic']);

/** Octets that the objects, texts and buffers of the program hold, garbage not counted. Takes a second, and stops the process for that time. */
export async function objectsAlive(): Promise<number> {
  const { snapshot, nodes } = Value.Parse(Snapshot, JSON.parse(await text(getHeapSnapshot())));
  const { node_fields: fields, node_types: types } = snapshot.meta;
  const [typeAt, sizeAt] = [fields.indexOf('type'), fields.indexOf('self_size')];
  const names = Value.Parse(Type.Array(Type.String()), types[typeAt]);
  let sum = 0;
  for (let i = 0; i < nodes.length; i += fields.length) {
    if (!engineOwn.has(names[nodes[i + typeAt] ?? -1] ?? '')) sum += nodes[i + sizeAt] ?? 0;
  }

  return sum;
}
