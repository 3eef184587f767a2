import { Type, type Static } from '@sinclair/typebox';
import { PAGINGS } from './face';
import type { OutsideAction } from './model';
import type { ConnectedMessage, EndMessage, PageMessage, QueueMessage, SurveyMessage } from './messages';

/** What the screen is about: the menu, the wait, the talk, the questions after it, a text without any choice, or nothing any more. */
export type Phase = 'menu' | 'queue' | 'connected' | 'survey' | 'notice' | 'ended';

/** The message that the screen shows when it does not show a page of the menu. */
export type View = QueueMessage | ConnectedMessage | SurveyMessage | PageMessage | EndMessage;

const Values = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()]));

/** The shape of a stored MenuState, for the record of a call. */
export const MenuStateSchema = Type.Object({
  menu: Type.String(),
  locale: Type.String(),
  phase: Type.Union(
    ['menu', 'queue', 'connected', 'survey', 'notice', 'ended'].map((name) => Type.Literal(name as Phase)),
  ),
  face: Type.Optional(Type.Union(PAGINGS.map((name) => Type.Literal(name)))),
  trail: Type.Array(Type.Object({ page: Type.String(), part: Type.Integer({ minimum: 0 }) }), { minItems: 1 }),
  draft: Values,
  values: Values,
  view: Type.Optional(Type.Unsafe<View>(Type.Object({ type: Type.String() }))),
  pending: Type.Optional(Type.Unsafe<OutsideAction>(Type.Object({ type: Type.String() }))),
  seqIn: Type.Integer({ minimum: -1 }),
  seqOut: Type.Integer({ minimum: 0 }),
});

/**
 * Where a person stands in the visual menu: plain JSON, so that a call can be stored after each step and taken up by another node.
 *
 * - `menu` the id of the menu, `locale` one of the site's locales;
 * - `face` by which laws pages are divided, `screen` when absent;
 * - `trail` the pages that `back` returns over, the last one is shown, each with the part that is shown of it;
 * - `draft` values of the form at hand that is not complete yet, `values` those of completed forms, by field name;
 * - `view` what is shown in any phase but `menu`;
 * - `pending` an action that was handed to the call and has not been followed by a `show…`: choices are not taken meanwhile, and a
 *   node that takes over the call carries it out;
 * - `seqIn` the highest sequence number that came (-1 before the first), `seqOut` the last one known to have been sent.
 */
export type MenuState = Readonly<Static<typeof MenuStateSchema>>;

/**
 * How far a node that takes over a call jumps ahead of the stored `seqOut`: more than the messages that can have been sent after the
 * last time the state was stored. Terminals accept gaps, but ignore a number that they have seen.
 */
export const RESUME_GAP = 1000;

/** The `lastSeq` with which a screen is built for a call that was taken over. */
export function resumedSeq(state: Pick<MenuState, 'seqOut'>): number {
  return state.seqOut + RESUME_GAP;
}
