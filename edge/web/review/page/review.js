// The review page: one finding at a time, accepted or rejected by key, button or swipe.
const $ = (id) => document.getElementById(id);
const findings = [];
let at = 0, total = 0, mayJudge = true, busy = false;

async function enter() {
  const key = location.hash.slice(1);
  if (!key) return;
  history.replaceState(null, "", location.pathname);
  await fetch("/api/enter", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ key }) });
}

async function load() {
  for (let more = true; more;) {
    const after = findings.length ? findings[findings.length - 1].number : 0;
    const answer = await fetch(`/api/findings?after=${after}`, { cache: "no-store" });
    if (!answer.ok) throw new Error(await answer.text());
    const said = await answer.json();
    findings.push(...said.findings);
    total = said.total;
    mayJudge = said.role === "control";
    more = said.more;
    $("site").textContent = said.site;
  }
}

const isOpen = (one) => !one.review;
const shown = (one) => !$("open-only").checked || isOpen(one);

function step(way) {
  for (let k = at + way; k >= 0 && k < findings.length; k += way)
    if (shown(findings[k])) { at = k; show(); return true; }
  return false;
}

function fact(name, value) {
  const box = document.createElement("div"), dt = document.createElement("dt"), dd = document.createElement("dd");
  dt.textContent = name; dd.textContent = value; box.append(dt, dd);
  return box;
}

function picture(id, number, kind) {
  const address = `/api/picture?number=${number}&kind=${kind}`;
  if ($(id).getAttribute("src") !== address) $(id).src = address;
}

function show() {
  const one = findings[at];
  const accepted = findings.filter((f) => f.review?.verdict === "accepted").length;
  const rejected = findings.filter((f) => f.review?.verdict === "rejected").length;
  $("progress").textContent = `${accepted + rejected} of ${total} reviewed`;
  $("done-accepted").style.width = `${100 * accepted / Math.max(total, 1)}%`;
  $("done-rejected").style.width = `${100 * rejected / Math.max(total, 1)}%`;
  for (const id of ["accept", "reject"]) $(id).disabled = !one || !mayJudge;
  if (!one) { $("title").textContent = "Nothing was found in this survey."; return; }
  $("title").textContent = `Finding ${one.number}`;
  const verdict = one.review?.verdict ?? "open";
  $("verdict").className = verdict;
  $("verdict").textContent = one.review ? `${verdict} by ${one.review.by}` : "open";
  $("frame").textContent = one.frame;
  $("remark").value = one.review?.remark ?? "";
  $("facts").replaceChildren(
    fact("Probability", `${Math.min(99, Math.round(100 * one.probability))} %`),
    fact("Width", one.width === "–" ? one.why : one.width), fact("Length", one.length),
    fact("Seen", `${one.time} UTC`), ...(one.review ? [fact("Reviewed", `${one.review.at} UTC`)] : []));
  picture("overview", one.number, "overview");
  picture("close", one.number, "close");
  $("previous").disabled = !findings.slice(0, at).some(shown);
  $("next").disabled = !findings.slice(at + 1).some(shown);
}

function trouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

async function judge(verdict) {
  const by = $("by").value.trim(), one = findings[at];
  $("by").classList.toggle("missing", !by);
  if (!by) { trouble("Write your name first: it is recorded with each verdict."); $("by").focus(); return; }
  if (busy || !one || !mayJudge) return;
  busy = true;
  try {
    localStorage.setItem("crackscan reviewer", by);
    const answer = await fetch("/api/review", {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ number: one.number, verdict, by, remark: $("remark").value.trim() }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    Object.assign(one, await answer.json());
    trouble("");
    document.activeElement?.blur();
    if (!step(1)) show();
  } catch (error) {
    trouble(`Not recorded: ${error.message}`);
  } finally { busy = false; }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input:not([type])")) {
    if (event.key === "Escape" || event.key === "Enter") event.target.blur();
    return;
  }
  const act = { a: () => judge("accepted"), r: () => judge("rejected"), ArrowRight: () => step(1), ArrowLeft: () => step(-1) }[event.key];
  if (act) { event.preventDefault(); act(); }
});
let touch = null;
document.querySelector("main").addEventListener("touchstart", (event) => { touch = event.touches.length === 1 ? event.touches[0] : null; }, { passive: true });
document.querySelector("main").addEventListener("touchend", (event) => {
  const end = event.changedTouches[0];
  if (!touch || !end) return;
  const across = end.clientX - touch.clientX, down = end.clientY - touch.clientY;
  if (Math.abs(across) > 60 && Math.abs(across) > 2 * Math.abs(down)) step(across < 0 ? 1 : -1);
}, { passive: true });
$("accept").onclick = () => judge("accepted");
$("reject").onclick = () => judge("rejected");
$("previous").onclick = () => step(-1);
$("next").onclick = () => step(1);
$("open-only").onchange = () => { if (findings[at] && !shown(findings[at])) step(1) || step(-1); show(); };
$("by").oninput = () => { $("by").classList.remove("missing"); };

try {
  $("by").value = localStorage.getItem("crackscan reviewer") ?? "";
  await enter();
  await load();
  at = Math.max(findings.findIndex(isOpen), 0);
  show();
  if (!mayJudge) trouble("This link is for looking only.");
} catch (error) {
  trouble(error.message);
}
