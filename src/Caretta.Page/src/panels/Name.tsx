// Names come from outside: always text, kept apart from what stands around them whatever direction they are written in.

/** A name, cut where there is no room; the whole of it in the tooltip. */
export function Name({ children, whole = false }: { children: string; whole?: boolean }) {
  return <bdi class={whole ? 'name whole' : 'name'} title={whole ? undefined : children}>{visible(children)}</bdi>;
}

/** Marks that turn the direction of what follows, or that nobody can see, as their code points. */
export function visible(name: string): string {
  return name.replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, (mark) =>
    `\u2423${mark.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`);
}
