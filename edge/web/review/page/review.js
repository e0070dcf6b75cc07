// The review page: shows one finding at a time, to be accepted or rejected by key or button.
const $ = (id) => document.getElementById(id);
const findings = [];
let index = 0, total = 0, mayReview = true, busy = false;

// Exchange the key in the link for a cookie, and take it out of the address.
async function enterKey() {
  const key = location.hash.slice(1);
  if (!key) return;
  history.replaceState(null, "", location.pathname);
  await fetch("/api/enter", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ key }) });
}

async function loadFindings() {
  for (let more = true; more;) {
    const after = findings.length ? findings[findings.length - 1].number : 0;
    const answer = await fetch(`/api/findings?after=${after}`, { cache: "no-store" });
    if (!answer.ok) throw new Error(await answer.text());
    const page = await answer.json();
    findings.push(...page.findings);
    total = page.total;
    mayReview = page.role === "control";
    more = page.more;
    $("site").textContent = page.site;
  }
}

const isUnreviewed = (finding) => !finding.review;
const isSelected = (finding) => !$("unreviewed-only").checked || isUnreviewed(finding);

// Go to the next (1) or previous (-1) selected finding; false if there is none.
function moveBy(step) {
  for (let k = index + step; k >= 0 && k < findings.length; k += step)
    if (isSelected(findings[k])) { index = k; showFinding(); return true; }
  return false;
}

function makeFact(name, value) {
  const pair = document.createElement("div"), dt = document.createElement("dt"), dd = document.createElement("dd");
  dt.textContent = name; dd.textContent = value; pair.append(dt, dd);
  return pair;
}

function loadPicture(id, number, kind) {
  const address = `/api/picture?number=${number}&kind=${kind}`;
  if ($(id).getAttribute("src") === address) return;
  $(id).parentElement.classList.remove("missing");
  $(id).src = address;
}

function showFinding() {
  const finding = findings[index];
  const accepted = findings.filter((f) => f.review?.verdict === "accepted").length;
  const rejected = findings.filter((f) => f.review?.verdict === "rejected").length;
  $("progress").textContent = `${accepted + rejected} of ${total} reviewed`;
  $("done-accepted").style.width = `${100 * accepted / Math.max(total, 1)}%`;
  $("done-rejected").style.width = `${100 * rejected / Math.max(total, 1)}%`;
  for (const id of ["accept", "reject"]) $(id).disabled = !finding || !mayReview;
  if (!finding) { $("title").textContent = "This survey has no findings."; return; }
  $("title").textContent = `Finding ${finding.number}`;
  const verdict = finding.review?.verdict ?? "unreviewed";
  $("verdict").className = verdict;
  $("verdict").textContent = finding.review ? `${verdict} by ${finding.review.by}` : "not reviewed";
  $("frame").textContent = finding.frame;
  $("remark").value = finding.review?.remark ?? "";
  $("facts").replaceChildren(
    makeFact("Probability", `${Math.min(99, Math.round(100 * finding.probability))} %`),
    makeFact("Width", finding.width === "–" ? finding.why : finding.width), makeFact("Length", finding.length),
    makeFact("First seen", `${finding.time} UTC`), ...(finding.review ? [makeFact("Reviewed", `${finding.review.at} UTC`)] : []));
  loadPicture("overview", finding.number, "overview");
  loadPicture("close", finding.number, "close");
  $("previous").disabled = !findings.slice(0, index).some(isSelected);
  $("next").disabled = !findings.slice(index + 1).some(isSelected);
}

function showTrouble(text) {
  $("trouble").textContent = text;
  $("trouble").hidden = !text;
}

async function recordReview(verdict) {
  const by = $("by").value.trim(), finding = findings[index];
  $("by").classList.toggle("missing", !by);
  if (!by) { showTrouble("Enter your name first. It is recorded with each verdict."); $("by").focus(); return; }
  if (busy || !finding || !mayReview) return;
  busy = true;
  try {
    localStorage.setItem("crackscan reviewer", by);
    const answer = await fetch("/api/review", {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ number: finding.number, verdict, by, remark: $("remark").value.trim() }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    Object.assign(finding, await answer.json());
    showTrouble("");
    document.activeElement?.blur();
    if (!moveBy(1)) showFinding();
  } catch (error) {
    showTrouble(`The verdict was not recorded: ${error.message}`);
  } finally { busy = false; }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input:not([type])")) {
    if (event.key === "Escape" || event.key === "Enter") event.target.blur();
    return;
  }
  const action = { a: () => recordReview("accepted"), r: () => recordReview("rejected"), ArrowRight: () => moveBy(1), ArrowLeft: () => moveBy(-1) }[event.key];
  if (action) { event.preventDefault(); action(); }
});
let touch = null;
document.querySelector("main").addEventListener("touchstart", (event) => { touch = event.touches.length === 1 ? event.touches[0] : null; }, { passive: true });
document.querySelector("main").addEventListener("touchend", (event) => {
  const end = event.changedTouches[0];
  if (!touch || !end) return;
  const across = end.clientX - touch.clientX, down = end.clientY - touch.clientY;
  if (Math.abs(across) > 60 && Math.abs(across) > 2 * Math.abs(down)) moveBy(across < 0 ? 1 : -1);
}, { passive: true });
for (const id of ["overview", "close"])
  $(id).onerror = () => { $(id).parentElement.classList.add("missing"); };
$("accept").onclick = () => recordReview("accepted");
$("reject").onclick = () => recordReview("rejected");
$("previous").onclick = () => moveBy(-1);
$("next").onclick = () => moveBy(1);
$("unreviewed-only").onchange = () => {
  if (findings[index] && !isSelected(findings[index])) moveBy(1) || moveBy(-1);
  showFinding();
};
$("by").oninput = () => { $("by").classList.remove("missing"); };

try {
  $("by").value = localStorage.getItem("crackscan reviewer") ?? "";
  await enterKey();
  await loadFindings();
  index = Math.max(findings.findIndex(isUnreviewed), 0);
  showFinding();
  if (!mayReview) showTrouble("This link is for viewing only: verdicts cannot be recorded.");
} catch (error) {
  showTrouble(error.message);
}
