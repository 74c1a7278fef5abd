// Numbers that look like chance and are the same every time.

/** 32 bits of a text (FNV-1a, finished as in MurmurHash3). */
export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }

  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

/** Indices 0 to count, in an order that depends on the keys alone. */
export function shuffled(keys: readonly string[]): number[] {
  const hashes = keys.map(hash);
  return keys.map((_, index) => index).sort((one, other) => hashes[one]! - hashes[other]! || (keys[one]! < keys[other]! ? -1 : 1));
}
