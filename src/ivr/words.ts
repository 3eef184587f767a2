import { lookupLocale } from './locale';

/** The words that the server itself puts on a page, as against those of the operator. */
export interface Words {
  /** Leads to the next part of a page that was split. */
  readonly more: string;
  /** Leads to the part before. */
  readonly previous: string;
  /** Sends a part of a form when more fields follow. */
  readonly next: string;
  readonly required: string;
  readonly tooLong: string;
  readonly number: string;
  readonly phone: string;
  readonly date: string;
  readonly choice: string;
}

const english: Words = {
  more: 'More',
  previous: 'Previous',
  next: 'Next',
  required: 'Please fill this in',
  tooLong: 'This is too long',
  number: 'Please enter a number',
  phone: 'Please enter a telephone number',
  date: 'Please enter a date such as 2026-03-31',
  choice: 'Please choose one of the list',
};

const dictionary: Readonly<Record<string, Words>> = {
  en: english,
  de: {
    more: 'Mehr',
    previous: 'Zurück',
    next: 'Weiter',
    required: 'Bitte ausfüllen',
    tooLong: 'Die Eingabe ist zu lang',
    number: 'Bitte eine Zahl eingeben',
    phone: 'Bitte eine Telefonnummer eingeben',
    date: 'Bitte ein Datum wie 2026-03-31 eingeben',
    choice: 'Bitte aus der Liste wählen',
  },
  fr: {
    more: 'Suite',
    previous: 'Précédent',
    next: 'Suivant',
    required: 'Veuillez remplir ce champ',
    tooLong: 'La saisie est trop longue',
    number: 'Veuillez saisir un nombre',
    phone: 'Veuillez saisir un numéro de téléphone',
    date: 'Veuillez saisir une date comme 2026-03-31',
    choice: 'Veuillez choisir dans la liste',
  },
  it: {
    more: 'Altro',
    previous: 'Indietro',
    next: 'Avanti',
    required: 'Compilare il campo',
    tooLong: 'Il testo è troppo lungo',
    number: 'Inserire un numero',
    phone: 'Inserire un numero di telefono',
    date: 'Inserire una data come 2026-03-31',
    choice: "Scegliere dall'elenco",
  },
  es: {
    more: 'Más',
    previous: 'Anterior',
    next: 'Siguiente',
    required: 'Rellene este campo',
    tooLong: 'El texto es demasiado largo',
    number: 'Introduzca un número',
    phone: 'Introduzca un número de teléfono',
    date: 'Introduzca una fecha como 2026-03-31',
    choice: 'Elija una opción de la lista',
  },
  nl: {
    more: 'Meer',
    previous: 'Vorige',
    next: 'Volgende',
    required: 'Vul dit in',
    tooLong: 'De invoer is te lang',
    number: 'Voer een getal in',
    phone: 'Voer een telefoonnummer in',
    date: 'Voer een datum in, zoals 2026-03-31',
    choice: 'Kies uit de lijst',
  },
  zh: {
    more: '更多',
    previous: '上一页',
    next: '下一步',
    required: '请填写此项',
    tooLong: '内容过长',
    number: '请输入数字',
    phone: '请输入电话号码',
    date: '请输入日期,例如 2026-03-31',
    choice: '请从列表中选择',
  },
  ja: {
    more: '続き',
    previous: '前へ',
    next: '次へ',
    required: '入力してください',
    tooLong: '入力が長すぎます',
    number: '数字を入力してください',
    phone: '電話番号を入力してください',
    date: '2026-03-31 のように日付を入力してください',
    choice: 'リストから選んでください',
  },
};

const languages = Object.keys(dictionary);

/** The server's own words in the language of a locale, English where that language is not known. */
export function wordsFor(locale: string): Words {
  const language = lookupLocale(locale, languages);

  return (language !== undefined && dictionary[language]) || english;
}
