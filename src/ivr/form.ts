import { MAX_VALUE_LENGTH, type SubmittedValues } from './messages';
import type { FieldType } from './model';
import type { Words } from './words';

export type FormValues = Readonly<Record<string, string | number>>;

/** Why a value is not taken: the name of the server's words for it. */
export type FieldFault = Extract<keyof Words, 'required' | 'tooLong' | 'number' | 'phone' | 'date' | 'choice'>;
export type FieldFaults = Readonly<Record<string, FieldFault>>;

export const FIELD_FAULTS: readonly FieldFault[] = ['required', 'tooLong', 'number', 'phone', 'date', 'choice'];

/** As much of a field as its check needs; both the model's fields and those of a message have it. */
export interface FieldRule {
  readonly name: string;
  readonly type: FieldType;
  readonly required: boolean;
  readonly options?: readonly { readonly value: string }[];
}

export interface FormCheck {
  /** The values that are good, numbers as numbers, everything else trimmed text. Fields left empty have none. */
  readonly values: FormValues;
  readonly faults: FieldFaults;
}

/** Checks what was submitted against the fields of a form; values that belong to no field are ignored. */
export function checkForm(fields: readonly FieldRule[], submitted: SubmittedValues): FormCheck {
  const values: [string, string | number][] = [];
  const faults: [string, FieldFault][] = [];
  for (const field of fields) {
    const given = textOf(Object.hasOwn(submitted, field.name) ? submitted[field.name] : undefined);
    const fault = faultOf(field, given);
    if (fault) faults.push([field.name, fault]);
    else if (given !== '') values.push([field.name, field.type === 'number' ? numberOf(given) : given]);
  }

  // fromEntries defines own properties, so a field may even be called __proto__.
  return { values: Object.fromEntries(values), faults: Object.fromEntries(faults) };
}

function textOf(value: SubmittedValues[string] | undefined): string {
  return value === undefined || value === null ? '' : String(value).trim();
}

function faultOf(field: FieldRule, given: string): FieldFault | undefined {
  if (given === '') return field.required ? 'required' : undefined;
  if ([...given].length > MAX_VALUE_LENGTH) return 'tooLong';

  return checks[field.type](given, field) ? undefined : faultNames[field.type];
}

const faultNames: Readonly<Record<FieldType, FieldFault>> = {
  text: 'tooLong',
  number: 'number',
  phone: 'phone',
  date: 'date',
  choice: 'choice',
};

const checks: Readonly<Record<FieldType, (given: string, field: FieldRule) => boolean>> = {
  text: () => true,
  number: (given) => /^[+-]?(\d+([.,]\d*)?|[.,]\d+)$/.test(given) && Number.isFinite(numberOf(given)),
  phone: (given) => /^\+?[\d\s()./-]+$/.test(given) && inRange(given.replace(/\D/g, '').length, 3, 15),
  date: isDate,
  choice: (given, field) => field.options?.some((option) => option.value === given) ?? false,
};

/** Both signs for the decimal point are in use on keyboards; a value is too short to need a sign between thousands. */
function numberOf(given: string): number {
  return Number(given.replace(',', '.'));
}

function inRange(value: number, from: number, to: number): boolean {
  return value >= from && value <= to;
}

function isDate(given: string): boolean {
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d{2})-(\d{2})$/.exec(given) ?? [];
  const date = new Date(`${year}-${month}-${day}T00:00:00Z`);

  return year !== '' && !Number.isNaN(date.getTime()) && date.getUTCDate() === Number(day);
}
