// What is asked for: pictures, a preset, settings.

import { attempt, complain, find, make, note, show } from "./page.js";
import { paintMask } from "./mask.js";
import { ask, send, upload, view } from "./server.js";
import { known, titleOf, word } from "./words.js";

const MOST_STYLES = 16;
const KEPT = "form"; // what the browser keeps it as, until the tab is closed
const PERCENT = new Set(["style_strength"]);
const WEIGHTS = ["content_weight", "style_weight"];

let offered; // settings, presets and samples, as the server has them
let content = null; // {picture, name, width, height, mask}
let styles = []; // the same, each with a weight
let preset = null;
let own = {}; // settings that the user has chosen over the preset's
let begin = () => {};

/** Builds the form of what the server offers; begin is called when something was put into the queue. */
export async function build(began) {
  begin = began;
  offered = await ask("/api/form");
  const select = find("preset");
  for (const published of [false, true]) {
    const group = make("optgroup", { label: word(published ? "published" : "everyday") });
    for (const each of offered.presets.filter((one) => "normalization" in one.settings === published)) {
      group.append(make("option", { value: each.name, textContent: known(`preset_${each.name}`) ?? each.name }));
    }
    select.append(group);
  }
  select.append(make("option", { value: "", textContent: word("preset_own"), hidden: true }));
  select.addEventListener("change", () => choosePreset(select.value));
  for (const setting of offered.settings) {
    if (setting.slider) find("sliders").append(slider(setting));
    else if (setting.buttons) find("buttons").append(buttons(setting));
    else if (setting.name !== "keep") field(setting);
  }
  find("keep").addEventListener("change", () => choose("keep", String(find("keep").checked)));
  find("form").addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(start);
  });
  find("try").addEventListener("click", () => attempt(tryIt));
  dropInto(document, () => {}); // beside a place for it, or else the browser would leave the page for the file
  dropInto(find("content-part"), (files) => take("content", files));
  dropInto(find("style-part"), (files) => take("style", files));
  document.addEventListener("paste", pasted);
  select.value = "starry";
  choosePreset("starry");
  await remember();
}

/** Puts what was asked of a run back into the form. */
export async function restore(asked) {
  await fill("", asked.settings, asked.content ? { picture: asked.content, mask: asked.content_mask } : null, asked.styles);
  find("form").scrollIntoView();
  find("preset").focus({ preventScroll: true });
}

/** Fills the form, without pictures that are gone. */
async function fill(named, settings, photograph, paintings) {
  const [first, ...others] = await Promise.all([photograph, ...paintings].map(found));
  [content, styles] = [first, others.filter(Boolean)];
  find("preset").value = named;
  choosePreset(named);
  own = { ...settings };
  drawSettings();
}

/** Returns a picture with what the server knows of it, and of its mask; null where it is gone. */
async function found(chosen) {
  const told = chosen && (await about(chosen.picture).catch(() => null));
  const mask = told && chosen.mask && (await about(chosen.mask).catch(() => null));
  return told && { ...chosen, ...told, mask: mask ? chosen.mask : "" };
}

/** Fills the form as it was when the page was left: a reload loses nothing. */
async function remember() {
  const left = JSON.parse(sessionStorage.getItem(KEPT));
  if (left?.studio === offered.studio) await fill(left.preset, left.own, left.content, left.styles);
  addEventListener("pagehide", () => {
    sessionStorage.setItem(KEPT, JSON.stringify({ studio: offered.studio, preset: preset?.name ?? "", own, content, styles }));
  });
}

/** Returns the value of a setting: the user's, the preset's, or its own. */
export function value(name) {
  return own[name] ?? preset?.settings[name] ?? offered.settings.find((setting) => setting.name === name).value;
}

/** Returns how a setting is shown. */
export function shown(name, written) {
  if (written === "auto") return word("by_preset");
  if (name === "max_seconds" && Number(written) === 0) return word("no_limit");
  if (name === "max_seconds") return word("seconds", { n: written });
  return PERCENT.has(name) ? `${Math.round(Number(written) * 100)} %` : written;
}

function choose(name, written) {
  own[name] = written;
  drawSettings();
}

function choosePreset(name) {
  preset = offered.presets.find((each) => each.name === name) ?? null;
  own = {};
  find("preset-about").textContent = known(`about_${name}`) ?? preset?.about ?? "";
  draw();
}

function settings() {
  const all = { ...preset?.settings, ...own };
  const strong = own.style_strength ?? "auto";
  if (strong !== "auto") for (const name of WEIGHTS) if (!(name in own)) delete all[name];
  if (WEIGHTS.some((name) => name in own) && !("style_strength" in own)) delete all.style_strength;
  return all;
}

async function start() {
  if (!content && Number(value("content_weight")) !== 0) throw new Error(word("need_content"));
  if (!styles.length) throw new Error(word("need_style"));
  const masks = styles.some((style) => style.mask);
  const parts = [];
  for (const style of styles) {
    parts.push({ picture: style.picture, weight: style.weight, mask: style.mask || (masks ? await blank(style) : "") });
  }
  await send("/api/jobs", {
    settings: settings(), content: content?.picture ?? "", content_mask: content?.mask ?? "", styles: parts,
  });
  begin();
}

/** Paints a sketch of two samples. */
async function tryIt() {
  content = await about("sample:harbor");
  styles = [{ ...(await about("sample:night")), weight: 1 }];
  find("preset").value = "quick";
  choosePreset("quick");
  await start();
}

/** Returns a mask without any regions but the first, for a style that has none beside others that do. */
async function blank(style) {
  const canvas = make("canvas", { width: 64, height: Math.max(1, Math.round((64 * style.height) / style.width)) });
  canvas.getContext("2d").fillRect(0, 0, canvas.width, canvas.height);
  const file = await new Promise((done) => canvas.toBlob(done, "image/png"));
  return (await upload(file, "mask.png")).picture;
}

// --- Pictures ---

function draw() {
  find("content").replaceChildren(content ? card(content, "content") : chooser("content"));
  find("styles").replaceChildren(...styles.map((style) => make("li", {}, card(style, "style"))));
  find("more-styles").replaceChildren(...(styles.length < MOST_STYLES ? [chooser("style")] : []));
  drawSettings();
}

function add(kind, picture) {
  if (kind === "content") content = picture;
  else if (styles.length < MOST_STYLES) styles.push({ ...picture, weight: 1 });
  draw();
  if (document.activeElement === document.body) lastButton(find(kind === "content" ? "content" : "styles")).focus();
}

function lastButton(place) {
  return [...place.querySelectorAll(".regions")].at(-1);
}

function remove(picture) {
  const place = find(picture === content ? "content" : "more-styles");
  if (picture === content) content = null;
  else styles = styles.filter((style) => style !== picture);
  draw();
  place.querySelector("input")?.focus();
}

/** Returns a picture that was chosen, with what may be done to it. */
function card(picture, kind) {
  const name = titleOf(picture.name);
  const regions = make("button", { type: "button", className: "regions", textContent: word(picture.mask ? "regions_painted" : "regions") });
  regions.setAttribute("aria-label", word("regions_of", { name }));
  regions.addEventListener("click", async () => {
    const mask = await paintMask(picture);
    if (mask === undefined) return;
    picture.mask = mask;
    draw();
    const place = find(kind === "content" ? "content" : "styles");
    place.querySelectorAll(".regions")[Math.max(0, styles.indexOf(picture))].focus();
  });
  const away = make("button", { type: "button", className: "quiet", textContent: "×", title: word("remove", { name }) });
  away.setAttribute("aria-label", word("remove", { name }));
  away.addEventListener("click", () => remove(picture));
  const image = make("img", { src: view(picture.picture), alt: name });
  const inside = [image, make("span", { className: "name", textContent: name }), regions, away];
  if (kind === "style" && styles.length > 1) inside.push(weight(picture, name));
  const notes = picture.notes?.length ? make("p", { className: "hint", textContent: picture.notes.join("; ") }) : null;
  return make("div", { className: "card" }, ...inside, notes);
}

function weight(style, name) {
  const input = make("input", { type: "range", min: 0.1, max: 5, step: 0.1, value: style.weight });
  input.setAttribute("aria-label", word("weight_of", { name }));
  const output = make("output", { className: "number", textContent: style.weight });
  input.addEventListener("input", () => {
    style.weight = Number(input.value);
    output.textContent = input.value;
  });
  return make("label", { className: "weight" }, make("span", { textContent: word("weight") }), input, output);
}

/** Returns where a picture is dropped, pasted, chosen, or taken from the samples. */
function chooser(kind) {
  const input = make("input", { type: "file", accept: "image/*", multiple: kind === "style", className: "hidden", id: `choose-${kind}` });
  input.addEventListener("change", () => take(kind, input.files));
  const title = word(kind === "content" ? "choose_content" : styles.length ? "choose_more" : "choose_style");
  const zone = make("label", { className: "zone", htmlFor: input.id }, input,
    make("strong", { textContent: title }), make("span", { textContent: word("drop") }));
  return make("div", {}, zone, samplesFor(kind));
}

function dropInto(place, taken) {
  const over = (event) => {
    event.preventDefault();
    event.stopPropagation();
    place.classList?.toggle("over", event.type === "dragover");
    if (event.type === "drop") taken(event.dataTransfer.files);
  };
  for (const type of ["dragover", "dragleave", "drop"]) place.addEventListener(type, over);
}

/** Returns what the server knows of a picture. */
function about(picture) {
  return ask(`/api/pictures/${encodeURIComponent(picture)}`);
}

function samplesFor(kind) {
  const row = make("div", { className: "samples", role: "group" });
  row.setAttribute("aria-label", word("samples"));
  for (const picture of offered.samples) {
    const name = titleOf(picture.replace("sample:", ""));
    const button = make("button", { type: "button", title: name }, make("img", { src: view(picture), alt: name }));
    button.addEventListener("click", () => attempt(async () => add(kind, await about(picture))));
    row.append(button);
  }
  return row;
}

async function take(kind, files) {
  for (const file of kind === "content" ? [...files].slice(0, 1) : files) {
    await attempt(async () => {
      note(word("reading"));
      if (file.size > offered.most_megabytes * 1e6) throw new Error(word("too_large", { name: file.name, n: offered.most_megabytes }));
      add(kind, await upload(file, file.name));
      complain();
    });
  }
}

function pasted(event) {
  const files = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
  if (files.length) {
    event.preventDefault();
    take(content ? "style" : "content", files);
  }
}

// --- Settings ---

function slider({ name, slider: [low, high, step], help }) {
  const input = make("input", { type: "range", id: `set-${name}`, min: low, max: high, step });
  const output = make("output", { className: "number", id: `value-${name}` });
  const hint = make("p", { className: "hint", id: `hint-${name}`, textContent: known(`hint_${name}`) ?? help });
  input.setAttribute("aria-describedby", hint.id);
  input.addEventListener("input", () => choose(name, input.value));
  const head = make("span", { className: "head" }, make("span", { textContent: known(name) ?? name }), output);
  return make("div", { className: "setting" }, make("label", { htmlFor: input.id }, head), input, hint);
}

function buttons({ name, choices, help }) {
  const row = make("div", { className: "segments" });
  for (const choice of choices) {
    const input = make("input", { type: "radio", name: `set-${name}`, value: choice, className: "hidden" });
    input.addEventListener("change", () => choose(name, choice));
    row.append(make("label", {}, input, make("span", { textContent: known(`${name}_${choice}`) ?? choice })));
  }
  const hint = make("p", { className: "hint", textContent: known(`hint_${name}`) ?? help });
  return make("fieldset", { className: "setting" }, make("legend", { textContent: known(name) ?? name }), row, hint);
}

function field({ name, group, choices, help }) {
  let place = find(`group-${group}`);
  if (!place) {
    place = make("fieldset", { id: `group-${group}`, className: "fields" }, make("legend", { textContent: known(`group_${group}`) ?? group }));
    find("fields").append(place);
  }
  const input = choices.length
    ? make("select", {}, ...choices.map((choice) => make("option", { value: choice, textContent: choice })))
    : make("input", { type: "text", spellcheck: false });
  input.id = `set-${name}`;
  input.addEventListener("change", () => choose(name, input.value));
  const hint = make("p", { className: "hint", id: `hint-${name}`, textContent: known(`help_${name}`) ?? help });
  input.setAttribute("aria-describedby", hint.id);
  place.append(make("div", { className: "field" }, make("label", { htmlFor: input.id }, make("code", { textContent: name })), input, hint));
}

function drawSettings() {
  for (const { name, slider, buttons, shown: standing } of offered.settings) {
    const written = value(name);
    if (slider) {
      const numbers = written === "auto" ? [standing] : written.match(/[\d.]+/g) ?? [slider[0]];
      find(`set-${name}`).value = name === "size" ? Math.max(...numbers.map(Number)) : numbers[0];
      find(`value-${name}`).textContent = shown(name, written);
      find(`set-${name}`).setAttribute("aria-valuetext", shown(name, written));
    } else if (buttons) {
      for (const input of document.getElementsByName(`set-${name}`)) input.checked = input.value === written;
    } else if (name !== "keep") find(`set-${name}`).value = written;
  }
  find("keep").checked = value("keep") === "true";
  show(find("keep-row"), Boolean(content?.mask));
}
