import type { YAMLError } from 'yaml';

interface Told {
  message: string;
  remedy: string;
}

/** The parser's faults in words that say what to do. */
export function syntaxFault(problem: YAMLError, text: string): Told {
  const near = text.slice(problem.pos[0], problem.pos[0] + 1);
  switch (problem.code) {
    case 'BAD_ALIAS':
      return near === '&'
        ? told("'&' stands alone", 'Put text that begins with & in quotes.')
        : told("'*' stands alone", 'Put the star in quotes: "*".');
    case 'BAD_INDENT':
      return /^Flow/.test(problem.message)
        ? told('the bracket that is opened here is not closed', 'Close it with ] or }, or put the text in quotes.')
        : told('this line does not begin in the same column as its neighbours', 'Indent keys of one level alike.');
    case 'TAB_AS_INDENT':
      return told('a tab is used to indent', 'Indent with spaces.');
    case 'MISSING_CHAR':
      return missing(problem.message);
    case 'BLOCK_AS_IMPLICIT_KEY':
      return told("a second ':' makes this line ambiguous", 'Put text that holds a colon and a space in quotes.');
    case 'MULTILINE_IMPLICIT_KEY':
      return told("a key has no ':' after it in its line", 'End the key with a colon, or indent the line to its text.');
    case 'KEY_OVER_1024_CHARS':
      return told('a key is longer than 1024 characters', 'Check quotes and indentation here.');
    case 'BAD_SCALAR_START':
      return told(`a value cannot begin with '${near}'`, 'Put the value in quotes.');
    case 'BAD_DQ_ESCAPE':
      return told('a backslash is followed by a letter that means nothing', 'Use single quotes, or write \\\\ for \\.');
    case 'MULTIPLE_DOCS':
      return told("a second document begins with '---'", 'Keep one document in a file; take the line away.');
    case 'TAG_RESOLVE_FAILED':
      return told("a tag ('!…') has no meaning in a dialplan", 'Take the tag away, or put the text in quotes.');
    case 'BAD_DIRECTIVE':
      return told("a directive ('%…') has no meaning in a dialplan", 'Take the line away.');
    case 'UNEXPECTED_TOKEN':
      return told('this does not belong to what stands before it', 'Check quotes, brackets and indentation here.');
    default:
      return told(lowerFirst(problem.message), 'Check quotes, brackets and indentation here.');
  }
}

/** Whether the fault is a bracket or quote that nothing closes. */
export function isUnclosed({ code, message }: YAMLError): boolean {
  return (code === 'BAD_INDENT' && /^Flow/.test(message)) || (code === 'MISSING_CHAR' && /quote|\}|\]/.test(message));
}

function missing(message: string): Told {
  if (/quote/.test(message))
    return told('the quote that is opened here is not closed', "Close it; inside '…' write '' for one '.");
  if (/\}|\]/.test(message))
    return told('the bracket that is opened here is not closed', 'Close it with ] or }, or put the text in quotes.');

  return told(lowerFirst(message), 'Add the character that is missing.');
}

function told(message: string, remedy: string): Told {
  return { message, remedy };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
