// The films that are painted beside: how far each is, and its frames.

import { find, make, show } from "./page.js";
import { ask } from "./server.js";
import { word } from "./words.js";

const LOOK = 2000; // milliseconds between two looks

const cards = new Map(); // of each film, by its id

/** Looks at the films now, and again and again while the page is seen. */
export function build() {
  look();
  setInterval(() => document.hidden || look(), LOOK);
}

async function look() {
  const { films } = await ask("/api/films").catch(() => ({ films: [] })); // that the studio is away is told elsewhere
  if (!films.length && !cards.size) return;
  const shown = new Set(films.map((film) => film.id));
  for (const [id, card] of cards) {
    if (shown.has(id)) continue;
    card.remove();
    cards.delete(id);
  }
  for (const film of films) {
    if (!cards.has(film.id)) cards.set(film.id, cardOf(film));
    draw(cards.get(film.id), film);
  }
  const ordered = films.map((film) => cards.get(film.id));
  const list = find("films");
  if (ordered.some((card, at) => list.children[at] !== card)) list.replaceChildren(...ordered);
  show(find("films-part"), films.length > 0);
}

function cardOf(film) {
  const image = make("img", { alt: "" });
  const slider = make("input", { type: "range", min: 0, max: 0, aria: { label: word("frame_of", { name: film.id }) } });
  const card = make("li", {}, image, make("strong", { textContent: film.id }), make("span", { className: "number" }),
    make("progress", { max: 1, value: 0, aria: { label: word("progress") } }), slider);
  slider.addEventListener("input", () => see(card, film.id));
  return card;
}

/** Shows where a film stands; who looks at its last frame sees the next ones come. */
function draw(card, film) {
  const slider = card.querySelector("input");
  const follows = slider.value === slider.max;
  slider.max = film.last ?? 0;
  if (follows) slider.value = slider.max;
  card.querySelector(".number").textContent = word("frames_painted", { n: film.painted, all: film.frames });
  card.querySelector("progress").value = film.painted / film.frames;
  show(card.querySelector("progress"), film.painted < film.frames);
  show(slider, film.painted > 1);
  show(card.querySelector("img"), film.painted > 0);
  if (film.painted) see(card, film.id);
}

function see(card, id) {
  const number = card.querySelector("input").value;
  const image = card.querySelector("img");
  const address = `/api/films/${encodeURIComponent(id)}/frames/${number}`;
  if (image.getAttribute("src") !== address) image.src = address;
  image.alt = word("frame", { n: number, name: id });
}
