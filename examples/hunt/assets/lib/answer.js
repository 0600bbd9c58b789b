// The answer box at the foot of each puzzle page.
import { digest, letters } from "./digest.mjs";
import { markSolved, solved } from "./progress.js";
import { puzzle } from "./round.js";

for (const form of document.querySelectorAll("form.answer")) {
  const slug = form.dataset.puzzle;
  const output = form.querySelector("output");

  if (solved().has(slug)) say("good", "You have solved this one.");

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const word = letters(form.elements.answer.value);
    if (!word) return say("", "Letters, please.");
    try {
      const { answer, nudges, reply } = await puzzle(slug);
      const given = digest(slug, word);
      if (given === answer) {
        markSolved(slug);
        say("good", `${word}! ${reply}`);
      } else {
        say("", nudges[given] ?? `${word} isn’t it.`);
      }
    } catch {
      say("", "The answers could not be loaded. Try again in a moment.");
    }
  });

  function say(mood, text) {
    output.className = mood;
    output.textContent = text;
  }
}
