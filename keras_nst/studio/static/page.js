// Small tools for the page's elements.

export const find = (id) => document.getElementById(id);

/** Returns a new element with properties, and others inside of it. */
export function make(tag, properties = {}, ...inside) {
  const { dataset = {}, aria = {}, ...others } = properties;
  const element = Object.assign(document.createElement(tag), others);
  Object.assign(element.dataset, dataset);
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  element.append(...inside.filter((each) => each !== null));
  return element;
}

/** Shows an element or hides it. */
export function show(element, visible) {
  element.toggleAttribute("hidden", !visible);
}

/** Puts elements in the place of those of a list; whoever had come to one of them by keyboard finds its like again. */
export function redraw(list, elements) {
  const held = list.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  list.replaceChildren(...elements);
  if (held) list.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
}

const SECONDS_NOTED = 6;
let noted = 0; // the timer that lets a note go

/** Shows what is wrong until something else is done. */
export function complain(line = "") {
  clearTimeout(noted);
  find("note").textContent = "";
  find("error").textContent = line;
}

/** Tells in passing what was done. */
export function note(line) {
  complain();
  find("note").textContent = line;
  noted = setTimeout(complain, SECONDS_NOTED * 1000);
}

/** Does what was asked for, and tells what goes wrong. */
export async function attempt(work) {
  complain();
  try {
    return await work();
  } catch (error) {
    complain(error.message);
    return undefined;
  }
}
