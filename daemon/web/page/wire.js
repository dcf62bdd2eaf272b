// Speaking with the daemon: what is asked, what is written, and what refuses it.

const ANSWER_MS = 8000;
const WRITE_TRIES = 4;
const PAUSE_MS = 1000;
export const UNWRITTEN = "latch_unwritten";

// Status 0: nobody answered.
export class Refused extends Error {
  constructor(status, text, code = "") {
    super(text);
    this.status = status;
    this.code = code;
  }
}

function requestId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return "page-" + Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function call(method, path, { body, id, waitMs = ANSWER_MS } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (id) headers["X-Request-Id"] = id;
  const request = { method, headers, credentials: "same-origin", cache: "no-store" };
  if (body !== undefined) request.body = JSON.stringify(body);
  const [response, text] = await fetched(path, { ...request, signal: AbortSignal.timeout(waitMs) });
  let told = {};
  try {
    told = text ? JSON.parse(text) : {};
  } catch {
    throw new Refused(response.status, "the answer could not be read");
  }
  if (!response.ok) throw new Refused(response.status, told.detail || told.title || `status ${response.status}`, told.code);
  return told;
}

// What stands for the page's files as the daemon sends them; empty: they were not sent.
export async function tagOf(path) {
  const [response] = await fetched(path, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
  return response.ok ? (response.headers.get("ETag") ?? "") : "";
}

async function fetched(path, request) {
  try {
    const response = await fetch(path, request);
    return [response, await response.text()];
  } catch {
    throw new Refused(0, "the daemon did not answer");
  }
}

// A write that brought no answer is repeated under its own id: the daemon acts on it once. A latch
// that the disk refused is an answer: the daemon acts, and a repeat would find the same disk.
export async function write(path, body, { waitMs = ANSWER_MS, most = WRITE_TRIES, failed = () => {} } = {}) {
  const id = requestId();
  for (let tries = 1; ; tries += 1) {
    try {
      return await call("POST", path, { body, id, waitMs });
    } catch (error) {
      const answered = error.status > 0 && error.status < 500;
      if (answered || error.code === UNWRITTEN || tries === most) throw error;
      failed(error);
      await new Promise((done) => setTimeout(done, Math.min(300 * tries, PAUSE_MS)));
    }
  }
}
