import type { ServerMessage } from './messages';
import { ITEM_KEYS, type Menu } from './model';
import { MORE_KEY, PREVIOUS_KEY } from './keys';
import { startMenu, step } from './session';
import type { MenuState } from './state';

/** As much of a plan as is needed to follow a key into another menu. */
export interface MenuMap {
  readonly menus: ReadonlyMap<string, Menu>;
  readonly flows: ReadonlyMap<string, { readonly menu?: string }>;
}

/** The pages that one key leads to from here, in the order of the keys of a telephone; each once, and the present one not. */
export function pagesAhead(state: MenuState, plan: MenuMap): ServerMessage[] {
  const menu = plan.menus.get(state.menu);
  if (!menu || (state.phase !== 'menu' && state.phase !== 'queue')) return [];
  const here = JSON.stringify(state.trail.at(-1));
  const found = new Map<string, ServerMessage>();
  for (const digit of [...ITEM_KEYS, MORE_KEY, PREVIOUS_KEY]) {
    const result = step(menu, state, { type: 'digit', digit });
    const isSame = state.phase === 'menu' && JSON.stringify(result.state.trail.at(-1)) === here;
    const pages =
      result.action?.type === 'flow' ? firstPage(result.action.flow, state, plan) : isSame ? [] : result.send;
    for (const page of pages) if (page.type === 'page') found.set(JSON.stringify(page), page);
  }

  return [...found.values()];
}

function firstPage(flow: string, { locale, face }: MenuState, plan: MenuMap): readonly ServerMessage[] {
  const menu = plan.menus.get(plan.flows.get(flow)?.menu ?? '');

  return menu ? startMenu(menu, locale, face).send : [];
}
