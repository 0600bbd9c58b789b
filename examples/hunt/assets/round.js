// The round page: ticks off what is solved, and lights the lamp at the end.
import { solved } from "./lib/progress.js";

const LIT = new URL("img/gannet-point-lit.svg", import.meta.url);
const done = solved();

for (const item of document.querySelectorAll("[data-puzzle]")) {
  if (!done.has(item.dataset.puzzle)) continue;
  item.classList.add("done");
  item.querySelector("a").insertAdjacentHTML("beforeend", ' <span class="tick">solved</span>');
}

if (done.has("the-way-in")) {
  const view = document.getElementById("view");
  view.src = LIT.href;
  view.alt = view.alt.replace("a dark lamp", "its lamp lit and two long beams");
  document.getElementById("ending").hidden = false;
}
