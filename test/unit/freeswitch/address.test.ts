import { nameOf, parseEslUrls } from '../../../src/media/freeswitch/address';

describe('FREESWITCH_URL', () => {
  test('names one server, with the port and password of FreeSWITCH where none is given', () => {
    expect(parseEslUrls('esl://10.0.0.7')).toEqual([{ host: '10.0.0.7', port: 8021, password: 'ClueCon' }]);
    expect(parseEslUrls('esl://:s%40e%2Cret@media.example:9021')).toEqual([
      { host: 'media.example', port: 9021, password: 's@e,ret' },
    ]);
  });

  test('names several, separated by commas', () => {
    const addresses = parseEslUrls('esl://:a@10.0.0.7:8021, esl://:b@[::1]:8022,');
    expect(addresses.map(nameOf)).toEqual(['10.0.0.7:8021', '[::1]:8022']);
    expect(addresses[1]?.host).toBe('::1');
  });

  test.each([
    ['', 'it is empty'],
    ['http://10.0.0.7', 'part 1 is not of the form'],
    ['esl://:a@10.0.0.7/x', 'part 1 is not of the form'],
    ['esl://user:a@10.0.0.7', 'part 1 is not of the form'],
    ['esl://10.0.0.7,nonsense', 'part 2 is no URL'],
    ['esl://10.0.0.7,esl://:x@10.0.0.7:8021', '10.0.0.7:8021 is in it twice'],
  ])('%s is refused', (text, why) => {
    expect(() => parseEslUrls(text)).toThrow(why);
  });

  test('a refusal does not tell the password', () => {
    expect(() => parseEslUrls('esl://:hidden@10.0.0.7/x')).toThrow(/^(?!.*hidden)/);
  });
});
