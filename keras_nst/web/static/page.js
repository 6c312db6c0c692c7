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
  element.hidden = !visible;
}

/** Shows what is wrong, or nothing any more. */
export function complain(line = "") {
  find("error").textContent = line;
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
