import { ITEM_KEYS } from '../../ivr/model';
import type { Draft, FieldDraft, FormDraft, Named, PageDraft } from '../draft';
import type { FaultCode, Faults } from '../faults';

/** What can be said of one page alone. */
export function checkMenus(draft: Draft, faults: Faults): void {
  for (const page of draft.menus.flatMap((menu) => menu.pages)) {
    checkKeys(page, faults);
    if (page.form) checkForm(page.form, faults);
  }
}

function checkKeys(page: PageDraft, faults: Faults): void {
  const keys = page.items.map((item) => item.key).filter((key) => key.name !== '');
  for (const { name, at } of keys) {
    if ((ITEM_KEYS as readonly string[]).includes(name)) continue;
    const kept = name === '*' || name === '#';
    const message = kept ? `the key '${name}' is kept for back and paging` : `'${name}' is not a key of a telephone`;
    faults.add('BAD_ITEM_KEY', at, message, `Use one of ${ITEM_KEYS.join(', ')}.`);
  }
  const free = ITEM_KEYS.filter((key) => !keys.some(({ name }) => name === key));
  const remedy =
    free.length > 0 ? `Keys still free on this page: ${free.join(', ')}.` : 'Move items to a page of their own.';
  checkTwice(
    keys,
    'DUPLICATE_ITEM',
    (name) => `two items of the page '${page.id.name}' have the key ${name}`,
    faults,
    remedy,
  );
}

function checkForm(form: FormDraft, faults: Faults): void {
  const names = form.fields.map((field) => field.name);
  checkTwice(names, 'DUPLICATE_FIELD', (name) => `two fields of the form have the name '${name}'`, faults);
  for (const field of form.fields) checkOptions(field, faults);
}

function checkOptions(field: FieldDraft, faults: Faults): void {
  const { name, type, options } = field;
  if (type === 'choice' && options === undefined) {
    faults.add(
      'BAD_FIELD',
      name.at,
      `the field '${name.name}' is a choice without options`,
      'Add options: with a value and a label each.',
    );
  }
  if (type !== 'choice' && options !== undefined) {
    faults.add(
      'BAD_FIELD',
      name.at,
      `the field '${name.name}' has options but is of type ${type}`,
      'Write type: choice, or take the options away.',
    );
  }
  const values = (options ?? []).map((option) => option.value);
  checkTwice(values, 'DUPLICATE_FIELD', (value) => `two options of '${name.name}' have the value '${value}'`, faults);
}

function checkTwice(
  names: Named[],
  code: FaultCode,
  message: (name: string) => string,
  faults: Faults,
  remedy?: string,
): void {
  const seen = new Map<string, Named>();
  for (const one of names) {
    const before = seen.get(one.name);
    if (before && one.name !== '')
      faults.add(code, one.at, `${message(one.name)}; the first is in line ${before.at.line}`, remedy);
    else seen.set(one.name, one);
  }
}
