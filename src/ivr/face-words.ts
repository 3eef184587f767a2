import { lookupLocale } from './locale';

/** What the server itself draws and says on faces made of media; `{name}` stands for a value. */
export interface FaceWords {
  readonly back: string;
  readonly menu: string;
  readonly goOn: string;
  /** Before an item is named, and after: "Tickets, press 1." */
  readonly press: string;
  readonly star: string;
  readonly hash: string;
  readonly place: string;
  readonly youAreNext: string;
  readonly minutes: string;
  readonly oneMinute: string;
  readonly lessThanAMinute: string;
  readonly pleaseWait: string;
  readonly talkingTo: string;
  readonly agentAsks: string;
  readonly goodbye: string;
  readonly thanks: string;
  readonly busy: string;
  readonly trouble: string;
  readonly link: string;
  /** What a person who waits may ask for. */
  readonly callMeBack: string;
  /** To one who has asked for it, before the call ends. */
  readonly willCall: string;
}

const english: FaceWords = {
  back: 'Back',
  menu: 'Menu',
  goOn: 'Go on',
  press: '{label}: press {key}.',
  star: 'star',
  hash: 'hash',
  place: 'Place {place} of {waiting}',
  youAreNext: 'You are next',
  minutes: 'about {low} to {high} minutes',
  oneMinute: 'about {high} minutes',
  lessThanAMinute: 'about a minute or less',
  pleaseWait: 'Please wait, somebody will be with you',
  talkingTo: 'You are talking to',
  agentAsks: 'An agent will ask you this',
  goodbye: 'Goodbye',
  thanks: 'Thank you for your call',
  busy: 'All lines are taken. Please try again later.',
  trouble: 'Something went wrong. Please call again.',
  link: 'Please open',
  callMeBack: 'Call me back',
  willCall: 'We will call you back. You keep your place.',
};

const dictionary: Readonly<Record<string, FaceWords>> = {
  en: english,
  de: {
    back: 'Zurück',
    menu: 'Menü',
    goOn: 'Weiter',
    press: '{label}: Drücken Sie die {key}.',
    star: 'Sterntaste',
    hash: 'Rautetaste',
    place: 'Platz {place} von {waiting}',
    youAreNext: 'Sie sind als Nächstes dran',
    minutes: 'etwa {low} bis {high} Minuten',
    oneMinute: 'etwa {high} Minuten',
    lessThanAMinute: 'höchstens etwa eine Minute',
    pleaseWait: 'Bitte warten Sie, gleich ist jemand für Sie da',
    talkingTo: 'Sie sprechen mit',
    agentAsks: 'Danach fragt Sie gleich ein Mensch',
    goodbye: 'Auf Wiedersehen',
    thanks: 'Danke für Ihren Anruf',
    busy: 'Alle Leitungen sind belegt. Bitte versuchen Sie es später.',
    trouble: 'Da ist etwas schiefgegangen. Bitte rufen Sie noch einmal an.',
    link: 'Bitte öffnen Sie',
    callMeBack: 'Rückruf',
    willCall: 'Wir rufen Sie zurück. Sie behalten Ihren Platz.',
  },
  fr: {
    back: 'Retour',
    menu: 'Menu',
    goOn: 'Continuer',
    press: '{label} : tapez {key}.',
    star: 'étoile',
    hash: 'dièse',
    place: 'Place {place} sur {waiting}',
    youAreNext: 'C’est bientôt à vous',
    minutes: 'environ {low} à {high} minutes',
    oneMinute: 'environ {high} minutes',
    lessThanAMinute: 'environ une minute au plus',
    pleaseWait: 'Veuillez patienter, quelqu’un va vous répondre',
    talkingTo: 'Vous parlez avec',
    agentAsks: 'Un conseiller vous le demandera',
    goodbye: 'Au revoir',
    thanks: 'Merci de votre appel',
    busy: 'Toutes les lignes sont occupées. Veuillez rappeler plus tard.',
    trouble: 'Une erreur s’est produite. Veuillez rappeler.',
    link: 'Veuillez ouvrir',
    callMeBack: 'Me rappeler',
    willCall: 'Nous vous rappellerons. Vous gardez votre place.',
  },
  it: {
    back: 'Indietro',
    menu: 'Menu',
    goOn: 'Continua',
    press: '{label}: premere {key}.',
    star: 'asterisco',
    hash: 'cancelletto',
    place: 'Posto {place} di {waiting}',
    youAreNext: 'Lei è il prossimo',
    minutes: 'circa {low}–{high} minuti',
    oneMinute: 'circa {high} minuti',
    lessThanAMinute: 'circa un minuto al massimo',
    pleaseWait: 'Attenda, qualcuno le risponderà a breve',
    talkingTo: 'Sta parlando con',
    agentAsks: 'Glielo chiederà un operatore',
    goodbye: 'Arrivederci',
    thanks: 'Grazie per la chiamata',
    busy: 'Tutte le linee sono occupate. Richiami più tardi.',
    trouble: 'Qualcosa è andato storto. Richiami, per favore.',
    link: 'Apra',
    callMeBack: 'Richiamatemi',
    willCall: 'La richiameremo. Lei mantiene il suo posto.',
  },
  es: {
    back: 'Atrás',
    menu: 'Menú',
    goOn: 'Continuar',
    press: '{label}: pulse {key}.',
    star: 'asterisco',
    hash: 'almohadilla',
    place: 'Puesto {place} de {waiting}',
    youAreNext: 'Usted es el siguiente',
    minutes: 'unos {low} a {high} minutos',
    oneMinute: 'unos {high} minutos',
    lessThanAMinute: 'alrededor de un minuto como máximo',
    pleaseWait: 'Espere, por favor; enseguida le atenderán',
    talkingTo: 'Está hablando con',
    agentAsks: 'Se lo preguntará un agente',
    goodbye: 'Adiós',
    thanks: 'Gracias por su llamada',
    busy: 'Todas las líneas están ocupadas. Llame más tarde.',
    trouble: 'Algo ha fallado. Vuelva a llamar, por favor.',
    link: 'Abra',
    callMeBack: 'Que me llamen',
    willCall: 'Le llamaremos. Usted conserva su puesto.',
  },
  nl: {
    back: 'Terug',
    menu: 'Menu',
    goOn: 'Verder',
    press: '{label}: toets {key}.',
    star: 'ster',
    hash: 'hekje',
    place: 'Plaats {place} van {waiting}',
    youAreNext: 'U bent zo aan de beurt',
    minutes: 'ongeveer {low} tot {high} minuten',
    oneMinute: 'ongeveer {high} minuten',
    lessThanAMinute: 'hooguit ongeveer een minuut',
    pleaseWait: 'Een ogenblik, er komt zo iemand voor u',
    talkingTo: 'U spreekt met',
    agentAsks: 'Een medewerker zal u dit vragen',
    goodbye: 'Tot ziens',
    thanks: 'Bedankt voor uw oproep',
    busy: 'Alle lijnen zijn bezet. Probeer het later nog eens.',
    trouble: 'Er ging iets mis. Bel nog eens.',
    link: 'Open',
    callMeBack: 'Bel mij terug',
    willCall: 'Wij bellen u terug. U behoudt uw plaats.',
  },
  zh: {
    back: '返回',
    menu: '菜单',
    goOn: '继续',
    press: '{label}，请按 {key}。',
    star: '星号键',
    hash: '井号键',
    place: '第 {place} 位，共 {waiting} 位',
    youAreNext: '下一位就是您',
    minutes: '大约 {low} 到 {high} 分钟',
    oneMinute: '大约 {high} 分钟',
    lessThanAMinute: '大约不到一分钟',
    pleaseWait: '请稍候，马上为您服务',
    talkingTo: '正在与您通话',
    agentAsks: '稍后由工作人员询问',
    goodbye: '再见',
    thanks: '感谢您的来电',
    busy: '线路繁忙，请稍后再拨。',
    trouble: '出现故障，请重新拨打。',
    link: '请打开',
    callMeBack: '请回电',
    willCall: '我们会给您回电，您的排队位置不变。',
  },
  ja: {
    back: '戻る',
    menu: 'メニュー',
    goOn: '進む',
    press: '{label}は{key}を押してください。',
    star: 'こめじるし',
    hash: 'シャープ',
    place: '{waiting}人中{place}番目',
    youAreNext: '次の順番です',
    minutes: '約{low}~{high}分',
    oneMinute: '約{high}分',
    lessThanAMinute: '約1分以内',
    pleaseWait: '係の者が出るまでお待ちください',
    talkingTo: '担当者',
    agentAsks: '係の者がお尋ねします',
    goodbye: 'さようなら',
    thanks: 'お電話ありがとうございました',
    busy: '回線が混み合っています。後ほどおかけ直しください。',
    trouble: '問題が起きました。おかけ直しください。',
    link: '開いてください',
    callMeBack: '折り返し電話',
    willCall: '折り返しお電話します。順番はそのままです。',
  },
};

const languages = Object.keys(dictionary);

/** The words of faces made of media in the language of a locale, English where that language is not known. */
export function faceWordsFor(locale: string): FaceWords {
  const language = lookupLocale(locale, languages);

  return (language !== undefined && dictionary[language]) || english;
}

/** A phrase with its values put in. */
export function filled(phrase: string, values: Readonly<Record<string, string | number>>): string {
  return phrase.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** An estimate in seconds as people say it. */
export function estimateIn(words: FaceWords, [low, high]: readonly [number, number]): string {
  const [from, to] = [Math.max(1, Math.floor(low / 60)), Math.ceil(high / 60)];
  if (to <= 1) return words.lessThanAMinute;

  return filled(from < to ? words.minutes : words.oneMinute, { low: from, high: to });
}

/** Causes of an end (see docs/errors.md) that are not the person's own doing. */
const BUSY: ReadonlySet<string> = new Set(['queue-full', 'overflowed', 'overloaded', 'pool-exhausted', 'max-wait']);
const TROUBLE: ReadonlySet<string> = new Set([
  ...['internal', 'shutdown', 'shutting-down', 'store-unavailable', 'edge-unavailable', 'ticket-gone', 'queue-unknown'],
  ...['media-lost', 'media-gone', 'media-mismatch', 'media-unavailable', 'plan-invalid'],
]);

/** Why a call has ended, for people: they are told of lack of room and of trouble, and thanked otherwise. */
export function farewellIn(words: FaceWords, reason: string): string {
  if (reason === 'callback') return words.willCall;
  if (BUSY.has(reason)) return words.busy;

  return TROUBLE.has(reason) ? words.trouble : words.thanks;
}
