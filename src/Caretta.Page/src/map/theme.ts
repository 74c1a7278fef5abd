// The colours of theme.css, for what is drawn rather than styled.

export const namespaceColours = 12;

/** Names of custom properties without the dashes. */
export type Colour =
  | 'background' | 'surface' | 'raised' | 'text' | 'muted' | 'line' | 'accent' | 'focus' | 'bad' | 'good' | 'warn' | 'edge' | 'external'
  | `ns-${number}`;

const names: Colour[] = [
  'background', 'surface', 'raised', 'text', 'muted', 'line', 'accent', 'focus', 'bad', 'good', 'warn', 'edge', 'external',
  ...Array.from({ length: namespaceColours }, (_, index): Colour => `ns-${index}`),
];

export interface Theme {
  colour: (name: Colour) => string;
  font: string;
  /** Anything that differs between two themes. */
  signature: string;
}

/** What the style sheet says now for this element. */
export function readTheme(element: Element): Theme {
  const style = getComputedStyle(element);
  const colours = new Map(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim() || '#808080']));
  return {
    colour: (name) => colours.get(name) ?? '#808080',
    font: style.fontFamily || 'sans-serif',
    signature: [...colours.values()].join(),
  };
}

/** Calls when a preference changes that themes depend on. The result ends it. */
export function watchTheme(changed: () => void): () => void {
  const queries = ['(prefers-color-scheme: dark)', '(forced-colors: active)', '(prefers-contrast: more)'].map((query) => matchMedia(query));
  queries.forEach((query) => query.addEventListener('change', changed));
  return () => queries.forEach((query) => query.removeEventListener('change', changed));
}

const given = new Map<string, number>();

/** The colour of a namespace: by its name, and by who came before when the name's own is taken. Stays while the page is open. */
export function namespaceColour(namespace: string): Colour {
  if (namespace === 'external') {
    return 'external';
  }

  let index = given.get(namespace);
  if (index === undefined) {
    const uses = new Array<number>(namespaceColours).fill(0);
    for (const used of given.values()) {
      uses[used]!++;
    }

    const least = Math.min(...uses);
    let text = 0;
    for (let at = 0; at < namespace.length; at++) {
      text = (Math.imul(text, 31) + namespace.charCodeAt(at)) >>> 0;
    }

    index = text % namespaceColours;
    while (uses[index]! > least) {
      index = (index + 1) % namespaceColours;
    }

    given.set(namespace, index);
  }

  return `ns-${index}`;
}
