/**
 * A map for what is under way: few entries, each of which lives briefly, millions over a day. JavaScript's own Map is wrong for
 * that in V8: deleted entries fill its table until it is copied, every old table points to its successor, and one old table that
 * was promoted keeps all later ones, with everything in them, through each young collection. (Measured in the gateway: all
 * objects of every request survived two of them, a fifth of all CPU time.) This one is an open-addressed table without
 * tombstones: it is copied only when it grows.
 */
export class ChurnMap<K extends number | string, V> {
  #keys: (K | undefined)[];
  #values: (V | undefined)[];
  #mask: number;
  #size = 0;

  constructor() {
    this.#mask = 15;
    this.#keys = new Array<K | undefined>(16).fill(undefined);
    this.#values = new Array<V | undefined>(16).fill(undefined);
  }

  get size(): number {
    return this.#size;
  }

  get(key: K): V | undefined {
    return this.#values[this.#find(key)];
  }

  has(key: K): boolean {
    return this.#keys[this.#find(key)] !== undefined;
  }

  set(key: K, value: V): void {
    let at = this.#find(key);
    if (this.#keys[at] === undefined) {
      if (this.#size * 2 > this.#mask) {
        this.#grow();
        at = this.#find(key);
      }
      this.#size += 1;
      this.#keys[at] = key;
    }
    this.#values[at] = value;
  }

  /** Whether there was such an entry. */
  delete(key: K): boolean {
    let hole = this.#find(key);
    if (this.#keys[hole] === undefined) return false;
    this.#size -= 1;
    // Entries that were pushed on by this one move back, so that no mark needs to be left.
    for (let at = (hole + 1) & this.#mask; this.#keys[at] !== undefined; at = (at + 1) & this.#mask) {
      const home = hashOf(this.#keys[at] as K) & this.#mask;
      if (((at - home) & this.#mask) < ((at - hole) & this.#mask)) continue;
      this.#keys[hole] = this.#keys[at];
      this.#values[hole] = this.#values[at];
      hole = at;
    }
    this.#keys[hole] = undefined;
    this.#values[hole] = undefined;
    return true;
  }

  /** A copy, in no order. */
  keys(): K[] {
    return this.#keys.filter((key) => key !== undefined) as K[];
  }

  /** A copy, in no order. */
  values(): V[] {
    return this.#keys.flatMap((key, at) => (key === undefined ? [] : [this.#values[at] as V]));
  }

  /** Where the key is, or where it would be. */
  #find(key: K): number {
    let at = hashOf(key) & this.#mask;
    while (this.#keys[at] !== undefined && this.#keys[at] !== key) at = (at + 1) & this.#mask;
    return at;
  }

  #grow(): void {
    const keys = this.#keys;
    const values = this.#values;
    this.#mask = this.#mask * 2 + 1;
    this.#keys = new Array<K | undefined>(this.#mask + 1).fill(undefined);
    this.#values = new Array<V | undefined>(this.#mask + 1).fill(undefined);
    keys.forEach((key, from) => {
      if (key === undefined) return;
      const at = this.#find(key);
      this.#keys[at] = key;
      this.#values[at] = values[from];
    });
  }
}

/** Spreads; need not be unique. Ids are counted up or end in what differs. */
function hashOf(key: number | string): number {
  if (typeof key === 'number') return Number.isInteger(key) ? key | 0 : Math.trunc(key * 1e6) | 0;
  let hash = key.length;
  for (let at = Math.max(0, key.length - 12); at < key.length; at += 1) hash = (hash * 31 + key.charCodeAt(at)) | 0;
  return hash;
}
