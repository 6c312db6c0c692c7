// What is asked of the server, and what it tells.

export class Refused extends Error {}

/** Returns what the server answers, as JSON. Throws Refused with one line where it does not do what is asked. */
export async function ask(address, { method = "GET", body, headers = {} } = {}) {
  const answer = await fetch(address, { method, body, headers });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(told.error ?? answer.statusText);
  return told;
}

export function send(address, told = {}) {
  return ask(address, { method: "POST", body: JSON.stringify(told), headers: { "Content-Type": "application/json" } });
}

/** Sends a picture, and returns what the server knows of it. */
export function upload(file, name) {
  return ask("/api/pictures", { method: "POST", body: file, headers: { "X-Name": encodeURIComponent(name.slice(0, 200)) } });
}

export function view(picture) {
  return `/api/pictures/${encodeURIComponent(picture)}/view`;
}

export function ofRun(id, what) {
  return `/api/runs/${encodeURIComponent(id)}/${what}`;
}

/** Listens to what the server tells by itself, and goes on listening after it was away. */
export function listen({ state, preview, connected }) {
  const socket = new WebSocket(`ws://${location.host}/socket`);
  socket.binaryType = "arraybuffer";
  socket.onopen = () => connected(true);
  socket.onmessage = ({ data }) => {
    if (typeof data === "string") return state(JSON.parse(data));
    const bytes = new Uint8Array(data);
    const end = bytes.indexOf(10); // of the line of JSON before the picture
    preview(JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))), new Blob([bytes.subarray(end + 1)], { type: "image/jpeg" }));
  };
  socket.onclose = () => {
    connected(false);
    setTimeout(() => listen({ state, preview, connected }), 2000);
  };
}
