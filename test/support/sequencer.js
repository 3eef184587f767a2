const Sequencer = require('@jest/test-sequencer').default;

/**
 * Longest first, so that in the end no worker is alone with a long file. As long as no run before has told how long they take, jest goes by
 * the size of a file; but the longest suites have the smallest, and a scenario takes longer than any other test of its size.
 */
const longest = ['conformance', 'scenarios'].map((folder) => `/test/${folder}/`);

function rank({ path }) {
  const index = longest.findIndex((folder) => path.includes(folder));

  return index < 0 ? longest.length : index;
}

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const bySize = super.sort(tests);
    if (bySize.every(({ duration }) => duration !== undefined)) return bySize;

    return bySize.sort((a, b) => rank(a) - rank(b));
  }
};
