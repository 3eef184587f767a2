import { FIELD_TYPES } from '../ivr/model';
import type { ActionDraft, FieldDraft, FormDraft, ItemDraft, MenuDraft, Named, PageDraft } from './draft';
import { actionTypes } from './draft';
import type { Faults, Place } from './faults';
import { listed } from './nearest';
import { namedIn, namesIn, type Reader, readWish } from './reader';
import { childOf, entriesOf, entryOf, itemsOf, type Tree } from './tree';

export function readMenu(id: Named, tree: Tree, reader: Reader): MenuDraft {
  const pages = entriesOf(childOf(tree, 'pages')).map((entry) =>
    readPage({ name: entry.key, at: entry.keyAt }, entry.value, reader),
  );

  return { id, start: namedIn(tree, 'start', tree.at), pages };
}

function readPage(id: Named, tree: Tree, reader: Reader): PageDraft {
  const form = childOf(tree, 'form');

  return {
    id,
    title: reader.text(tree, 'title') ?? {},
    text: reader.text(tree, 'text'),
    image: reader.picture(tree, 'image'),
    items: itemsOf(childOf(tree, 'items')).map((item) => readItem(item, reader)),
    form: form && readForm(form, reader),
    back: reader.flag(tree, 'back'),
  };
}

function readItem(tree: Tree, reader: Reader): ItemDraft {
  const key = childOf(tree, 'key');
  const source = key?.kind === 'scalar' ? key.source : '';

  return {
    key: { name: source, at: key?.at ?? tree.at },
    label: reader.text(tree, 'label') ?? {},
    icon: reader.picture(tree, 'icon', true),
    action: readAction(tree, reader),
  };
}

function readForm(tree: Tree, reader: Reader): FormDraft {
  return {
    fields: itemsOf(childOf(tree, 'fields')).map((field) => readField(field, reader)),
    submit: reader.text(tree, 'submit') ?? {},
    action: readAction(tree, reader),
  };
}

function readField(tree: Tree, reader: Reader): FieldDraft {
  const type = namedIn(tree, 'type', tree.at);
  const options = childOf(tree, 'options');

  return {
    name: namedIn(tree, 'name', tree.at),
    label: reader.text(tree, 'label') ?? {},
    type: FIELD_TYPES.find((one) => one === type.name) ?? 'text',
    required: reader.flag(tree, 'required'),
    options:
      options &&
      itemsOf(options).map((option) => ({
        value: namedIn(option, 'value', option.at),
        label: reader.text(option, 'label') ?? {},
      })),
  };
}

/** Keys that say more of the way into a queue. */
const extras = ['priority', 'skills', 'class', 'medium', 'designated'];

/** The action under the key `action`; undefined when there is none that says exactly one thing. */
function readAction(holder: Tree, reader: Reader): ActionDraft | undefined {
  const entry = entryOf(holder, 'action');
  if (entry?.value.kind !== 'map') return undefined;
  const tree = entry.value;
  const said = actionTypes.filter((type) => childOf(tree, type) !== undefined);
  const [type] = said;
  if (type === undefined || said.length > 1) return badAction(tree, said, entry.keyAt, reader.faults);
  const target = namedIn(tree, type, tree.at);
  judgeExtras(tree, type, reader.faults);

  return {
    type,
    target,
    priority: reader.number(tree, 'priority'),
    skills: childOf(tree, 'skills') && namesIn(tree, 'skills'),
    wish: readWish(tree, tree.at),
  };
}

function badAction(tree: Tree, said: readonly string[], at: Place, faults: Faults): undefined {
  // An action with unknown keys only was told of as such.
  const meant = entriesOf(tree).every(({ key }) => extras.includes(key));
  if (said.length === 0 && !meant) return undefined;
  const message = said.length === 0 ? 'the action says nothing' : `the action says ${listed(said)} at once`;
  faults.add('BAD_ACTION', at, message, `Say exactly one of ${listed(actionTypes)}.`);

  return undefined;
}

function judgeExtras(tree: Tree, type: string, faults: Faults): void {
  if (type === 'queue') return;
  for (const key of extras) {
    const entry = entryOf(tree, key);
    const message = `'${key}' means nothing with ${type}`;
    if (entry) faults.add('BAD_ACTION', entry.keyAt, message, `Take it away; '${key}' goes with queue.`);
  }
}
