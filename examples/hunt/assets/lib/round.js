// The round's data: one fetch, shared by everybody who asks.
const url = new URL("../data/round.json", import.meta.url);
let loading;

export function round() {
  return (loading ??= fetch(url).then((reply) => {
    if (!reply.ok) throw new Error(`${reply.status} for ${url.pathname}`);
    return reply.json();
  }));
}

export async function puzzle(slug) {
  return (await round()).puzzles.find((puzzle) => puzzle.slug === slug);
}
