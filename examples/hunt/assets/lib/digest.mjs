// FNV-1a, 64 bits, many times over. It keeps answers from being read by
// accident; it is no lock. A real hunt checks answers on its server.
const PRIME = 0x100000001b3n;
const BASIS = 0xcbf29ce484222325n;
const MASK = (1n << 64n) - 1n;
const ROUNDS = 2000;

export function digest(slug, word) {
  const bytes = [...new TextEncoder().encode(`${slug}/${word}`)].map(BigInt);
  let hash = BASIS;
  for (let round = 0; round < ROUNDS; round++) {
    for (const byte of bytes) hash = ((hash ^ byte) * PRIME) & MASK;
  }
  return hash.toString(16).padStart(16, "0");
}

/** Letters only, in capitals, without accents: "Café Pier" is "CAFEPIER". */
export function letters(text) {
  return text.normalize("NFD").toUpperCase().replace(/[^A-Z]/g, "");
}
