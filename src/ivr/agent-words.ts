import { lookupLocale } from './locale';

/** What an agent hears who has dialled a feature code. */
export interface AgentWords {
  readonly login: string;
  readonly logout: string;
  readonly break: string;
  readonly available: string;
  readonly done: string;
}

const english: AgentWords = {
  login: 'You are logged in.',
  logout: 'You are logged out.',
  break: 'You are on a break.',
  available: 'You are available again.',
  done: 'Your wrap-up is over.',
};

const dictionary: Readonly<Record<string, AgentWords>> = {
  en: english,
  de: {
    login: 'Sie sind angemeldet.',
    logout: 'Sie sind abgemeldet.',
    break: 'Sie haben Pause.',
    available: 'Sie sind wieder erreichbar.',
    done: 'Ihre Nacharbeit ist beendet.',
  },
  fr: {
    login: 'Vous êtes connecté.',
    logout: 'Vous êtes déconnecté.',
    break: 'Vous êtes en pause.',
    available: 'Vous êtes de nouveau disponible.',
    done: 'Votre post-traitement est terminé.',
  },
  it: {
    login: 'Accesso effettuato.',
    logout: 'Lei è uscito dal sistema.',
    break: 'Lei è in pausa.',
    available: 'Lei è di nuovo disponibile.',
    done: 'La lavorazione è terminata.',
  },
  es: {
    login: 'Ha iniciado sesión.',
    logout: 'Ha cerrado sesión.',
    break: 'Está en pausa.',
    available: 'Está disponible de nuevo.',
    done: 'Ha terminado el trabajo posterior.',
  },
  nl: {
    login: 'U bent aangemeld.',
    logout: 'U bent afgemeld.',
    break: 'U hebt pauze.',
    available: 'U bent weer beschikbaar.',
    done: 'Uw nawerk is klaar.',
  },
  zh: {
    login: '您已登录。',
    logout: '您已退出登录。',
    break: '您正在休息。',
    available: '您已恢复接听。',
    done: '话后处理已结束。',
  },
  ja: {
    login: 'ログインしました。',
    logout: 'ログアウトしました。',
    break: '休憩に入りました。',
    available: '受付を再開しました。',
    done: '後処理を終了しました。',
  },
};

/** The words in the language of a locale, English where that language is not known. */
export function agentWordsFor(locale: string): AgentWords {
  const language = lookupLocale(locale, Object.keys(dictionary));

  return (language !== undefined && dictionary[language]) || english;
}
