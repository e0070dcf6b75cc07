// Keeps the page in step with the device: asks for the newest frame and state, one request at a time.

import { connectButtons, handleMessage } from "./commands.js";
import { drawFrame, formatPercent, unpackFrame } from "./drawing.js";
import { byId, setText } from "./elements.js";
import { showFindings } from "./findings.js";

const PATIENCE_MS = 20000; // an answer without news comes after 10 s
const AGAIN_MS = [300, 1000, 2000];
const STALE_S = 8;
const now = { frame: null, frameAt: 0, state: null, status: null, stateAt: 0 };
let entered = true, reachable = true, lastMessage = null;

async function fetchNews(path) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), PATIENCE_MS);
  try {
    const answer = await fetch(path, { signal: abort.signal, cache: "no-store" });
    if (answer.status === 401) entered = false;
    if (answer.status === 204) return null;
    if (!answer.ok) throw new Error(String(answer.status));
    return answer;
  } finally {
    clearTimeout(timer);
  }
}

/** Take the key out of the address, which keeps it out of the history, for a cookie. */
async function enterWithKey() {
  const key = location.hash.slice(1);
  if (!key) return;
  history.replaceState(null, "", location.pathname);
  const answer = await fetch("/api/enter", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ key }),
  });
  entered = answer.status !== 401;
}

async function repeatForever(once) {
  for (let failures = 0; entered;) {
    if (document.hidden) {
      await new Promise((seen) =>
        document.addEventListener("visibilitychange", seen, { once: true }));
    }
    try {
      await once();
      failures = 0;
      reachable = true;
    } catch {
      failures += 1;
      if (failures > 1) reachable = false;
      showState();
      await new Promise((later) =>
        setTimeout(later, AGAIN_MS[Math.min(failures, AGAIN_MS.length) - 1]));
    }
  }
  showState();
}

async function fetchFrame() {
  const answer = await fetchNews(`/api/frame?after=${now.frame?.number ?? 0}`);
  if (!answer) return;
  const frame = await unpackFrame(await answer.arrayBuffer());
  now.frame?.picture.close();
  now.frame = frame;
  now.frameAt = performance.now() - frame.age_s * 1000;
  showFrame();
}

async function fetchState() {
  const { version = -1, found_version: found = -1 } = now.state ?? {};
  const answer = await fetchNews(`/api/state?after=${version}&found=${found}`);
  if (!answer) return;
  const state = await answer.json();
  now.state = state;
  now.status = state.status;
  now.stateAt = performance.now();
  if (state.found) showFindings(state.found);
  const newest = state.messages.at(-1)?.id ?? 0;
  if (lastMessage !== null) {
    // After a restart of the device its messages count from 1 again.
    const since = newest < lastMessage ? 0 : lastMessage;
    state.messages.filter(({ id }) => id > since).forEach(handleMessage);
  }
  lastMessage = newest;
  showState();
}

function showFrame() {
  const { frame } = now;
  byId("view").style.setProperty("--shape", `${frame.width} / ${frame.height}`);
  drawFrame(byId("picture"), frame);
  showState();
}

/** What a frame shows, and how alarming that is. */
function describeView({ findings }) {
  if (!findings.length) return ["good", "No crack in view"];
  const surest = Math.max(...findings.map(({ probability }) => probability));
  const count = findings.length === 1 ? "1 crack" : `${findings.length} cracks`;
  return ["bad", `${count} in view · ${formatPercent(surest)}`];
}

/** The state of everything in a few words, the worst first. */
function describeState() {
  const { state, status, stateAt } = now;
  const away = (performance.now() - stateAt) / 1000 + (status?.age_s ?? 0);
  if (!entered) return ["bad", "Scan the code of this device"];
  if (!reachable) return ["bad", "No connection to the device"];
  if (state?.ended) return ["wait", "The scan has ended"];
  if (!status) return ["wait", "Waiting for the scan …"];
  if (away > STALE_S + 10) return ["bad", `No news from the scan for ${Math.round(away)} s`];
  if (status.condition) return ["bad", "Camera trouble"];
  if (status.paused) return ["warn", "Paused"];
  if (status.trouble && !status.recording) return ["bad", "Not recording"];
  return ["good", status.recording ? "Recording" : "Scanning"];
}

function showState() {
  const { status, state, frame } = now;
  const [level, text] = describeState();
  setText("state", text).dataset.level = level;
  setText("survey", status?.survey ?? "");
  document.title = `${text} – crackscan`;
  document.body.dataset.role = state?.role ?? "none";
  const age_s = frame ? (performance.now() - now.frameAt) / 1000 : 0;
  const still = !entered || !reachable || Boolean(status?.condition) || Boolean(state?.ended)
    || (Boolean(frame) && age_s > STALE_S);
  byId("view").dataset.still = still;
  const stale = level === "good" ? "No new picture" : text;
  const verdict = still ? stale : status?.paused ? "" : frame?.verdict ?? "";
  setText("verdict", verdict).hidden = !verdict;
  byId("verdict").dataset.level = still && level !== "good" ? level : "warn";
  if (frame) {
    const [tone, caption] = still ? ["wait", `Last picture, ${formatAge(age_s)} ago`]
      : status?.paused ? ["warn", "Paused: no cracks are detected"] : describeView(frame);
    setText("caption", caption).dataset.level = tone;
    byId("picture").setAttribute("aria-label", `${frame.name}: ${caption}`);
  }
  const over = !reachable || state?.ended;
  for (const button of document.querySelectorAll("#controls button")) {
    button.disabled = Boolean(over);
  }
  const pause = byId("pause");
  pause.dataset.paused = Boolean(status?.paused);
  pause.querySelector("span").textContent = status?.paused ? "Resume" : "Pause";
  const trouble = over ? [] : [status?.condition && `Camera: ${status.condition}`, status?.trouble,
    status?.throttled && `Processor slowed down: ${status.throttled}`];
  setText("trouble", trouble.filter(Boolean).join(". ")).hidden = !trouble.some(Boolean);
  showFacts(status);
}

function showFacts(status) {
  const facts = status ? listFacts(status) : [];
  const list = byId("facts");
  while (list.children.length > facts.length) list.lastChild.remove();
  facts.forEach(([name, value, level], index) => {
    let item = list.children[index];
    if (!item) {
      item = document.createElement("div");
      item.append(document.createElement("dt"), document.createElement("dd"));
      list.append(item);
    }
    item.dataset.level = level ?? "";
    if (item.firstChild.textContent !== name) item.firstChild.textContent = name;
    if (item.lastChild.textContent !== value) item.lastChild.textContent = value;
  });
}

function listFacts(status) {
  const facts = [];
  const add = (name, value, level) => facts.push([name, value, level]);
  if (status.frames_per_s !== null) add("Frames/s", status.frames_per_s.toFixed(1));
  if (status.dropped) add("Dropped", formatCount(status.dropped));
  if (status.unclear) {
    const share = status.unclear / Math.max(status.frames, status.unclear);
    add("Not judged", share < 0.005 ? "below 1 %" : `${Math.round(share * 100)} %`, share > 0.3 ? "warn" : "");
  }
  if (status.temperature_c !== null) {
    add("Processor", `${Math.round(status.temperature_c)} °C`, status.throttled ? "bad" : "");
  }
  if (status.free_bytes !== null) {
    add("Free", formatBytes(status.free_bytes), status.free_bytes < 1e9 ? "warn" : "");
  }
  if (status.follows_position) {
    const { position } = status;
    add("Position", position ? describePosition(position) : "no fix", position ? "" : "warn");
  }
  if (status.scale_mm_per_px !== null) {
    add("Scale", `${status.scale_mm_per_px.toPrecision(3)} mm/px`);
  }
  if (status.threshold !== null) {
    add("Alarms from", `${Math.round(status.threshold * 100)} %`);
  }
  return facts;
}

function describePosition({ accuracy_m: accuracy, age_s: age }) {
  const parts = [];
  if (accuracy !== null) parts.push(`± ${accuracy < 10 ? accuracy.toFixed(1) : Math.round(accuracy)} m`);
  if (age !== null && age >= 2) parts.push(`${formatAge(age)} old`);
  return parts.join(", ") || "known";
}

const formatCount = (number) => number.toLocaleString("en").replaceAll(",", "\u202f");
const formatBytes = (number) =>
  number >= 1e9 ? `${(number / 1e9).toFixed(1)} GB` : `${Math.round(number / 1e6)} MB`;
const formatAge = (seconds) =>
  seconds < 90 ? `${Math.round(seconds)} s` : seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;

connectButtons(() => now);
new ResizeObserver(() => now.frame && drawFrame(byId("picture"), now.frame)).observe(byId("picture"));
setInterval(showState, 1000);
await enterWithKey().catch(() => {});
repeatForever(fetchState);
repeatForever(fetchFrame);
