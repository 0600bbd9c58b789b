import "./main.css";
import lamp from "./lamp.svg";
const at = (id, text) => { const p = document.createElement("p"); p.id = id; p.textContent = text; document.body.append(p); };
const image = new Image(); image.src = lamp; document.body.append(image);
for (const [name, load] of Object.entries({ tour: () => import(/* webpackChunkName: "tour" */ "./tour.js"), count: () => import("./count.js") })) {
  const button = document.createElement("button"); button.id = "to-" + name; button.textContent = name;
  button.addEventListener("click", async () => at(name, (await load()).text)); document.body.append(button);
}
at("home", "home");
