// Which puzzles this browser has solved.
const KEY = "gannet-point:solved";

export function solved() {
  try {
    return new Set(JSON.parse(localStorage.getItem(KEY)) ?? []);
  } catch {
    return new Set(); // storage is switched off, or holds something else
  }
}

export function markSolved(slug) {
  try {
    localStorage.setItem(KEY, JSON.stringify([...solved().add(slug)]));
  } catch {
    // no storage, no memory: the puzzle is still solved
  }
}
