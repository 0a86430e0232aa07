// What the fields of the reference schema (internal/conformance/schema.graphql) return.

const failed = () => {
  throw new Error('it failed');
};

const nest = () => ({
  ok: 'ok',
  fail: failed,
  failNonNull: failed,
  nullNonNull: null,
  nest,
  nestNonNull: nest,
  nests: () => [nest(), nest(), nest()],
  nestsNonNull: () => [nest(), nest(), nest()],
});

const pets = () => [
  { __typename: 'Dog', name: 'Rex', barks: 7, size: 30 },
  { __typename: 'Cat', name: 'Tom', purrs: true, size: 20 },
];

const numbers = () => [1, new Error('it failed'), 3];

const echo = ({ value }) => value;

// ordered returns an input object as JSON, its members in the order of their definition.
const ordered = (names) => {
  const inOrder = (value) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(names.filter((n) => n in value).map((n) => [n, inOrder(value[n])]))
      : value;
  return ({ value }) => (value == null ? value : JSON.stringify(inOrder(value)));
};

async function* count({ value }) {
  for (let i = 1; i <= value; i++) {
    yield { count: i, countAgain: i };
  }
}

// root returns the root value of one request.
export function root() {
  const list = [];
  return {
    echoInt: echo,
    echoFloat: echo,
    echoString: echo,
    echoBoolean: echo,
    echoID: echo,
    echoSureID: echo,
    echoColor: echo,
    echoColors: echo,
    echoInts: echo,
    echoSureInts: echo,
    echoGrid: echo,
    echoPoint: ordered(['x', 'y', 'z', 'label', 'tags', 'next']),
    echoOptions: ordered(['limit', 'color']),
    echoKey: ordered(['id', 'slug']),
    required: echo,
    optional: (args) => ('value' in args ? String(args.value) : 'absent'),
    withDefault: echo,
    withNonNullDefault: echo,
    nest,
    nestNonNull: nest,
    pets,
    named: pets,
    unknownPet: () => ({ barks: 1 }),
    numbers,
    numbersNonNull: numbers,
    resultNoInt: 'twelve',
    resultTooGreat: 2147483648,
    resultFraction: 1.5,
    resultNoColor: 'YELLOW',
    resultNoList: 'list',
    resultNotFinite: NaN,
    resultID: 4,
    old: 'old',
    append: async ({ value }) => {
      await new Promise((resolve) => setTimeout(resolve, 20 - value));
      list.push(value);
      return [...list];
    },
    fail: failed,
    count,
    countAgain: count,
  };
}
