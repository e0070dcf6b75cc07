// The buttons: the commands that they send, and the answers.

import { byId } from "./elements.js";
import { openScale } from "./scale.js";

const ANSWER_MS = 6000;
const waiting = new Map(); // command id -> the button that waits for its answer

/** Show a line at the bottom for some seconds. */
export function showMessage(text, good = true) {
  const line = document.createElement("p");
  line.textContent = text;
  line.dataset.level = good ? "good" : "bad";
  const box = byId("messages");
  if (good) box.querySelectorAll('[data-level="good"]').forEach((earlier) => earlier.remove());
  box.append(line);
  while (box.children.length > 3) box.firstChild.remove();
  setTimeout(() => line.remove(), good ? 5000 : 9000);
}

/** A message of the scan, perhaps the answer to a command of ours. */
export function handleMessage(message) {
  if (message.command !== null) finishCommand(message.command);
  showMessage(message.text, message.good);
}

function finishCommand(id) {
  const wait = waiting.get(id);
  if (!wait) return;
  clearTimeout(wait.timer);
  wait.button.removeAttribute("aria-busy");
  waiting.delete(id);
}

async function sendCommand(button, command) {
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch("/api/do", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(command),
    });
    if (!answer.ok) throw new Error((await answer.text()).trim() || "That did not work");
    const { id } = await answer.json();
    const timer = setTimeout(() => {
      finishCommand(id);
      showMessage("The scan has not answered yet", false);
    }, ANSWER_MS);
    waiting.set(id, { button, timer });
  } catch (error) {
    button.removeAttribute("aria-busy");
    showMessage(error instanceof TypeError ? "No connection to the device" : error.message, false);
  }
}

/** Connect the buttons. `now()` returns the present state and frame. */
export function connectButtons(now) {
  byId("snapshot").addEventListener("click", (event) =>
    sendCommand(event.currentTarget, { do: "snapshot" }));
  byId("pause").addEventListener("click", (event) =>
    sendCommand(event.currentTarget, { do: now().status?.paused ? "resume" : "pause" }));
  byId("mark").addEventListener("click", () => {
    byId("mark-text").value = "";
    byId("mark-dialog").showModal();
  });
  byId("more").addEventListener("click", () => {
    showChoices(now().status);
    byId("more-dialog").showModal();
  });
  for (const quick of document.querySelectorAll("#mark-dialog .quick button")) {
    quick.addEventListener("click", () => {
      byId("mark-text").value = quick.textContent;
      byId("mark-dialog").close("ok");
    });
  }
  onConfirm("mark-dialog", () =>
    sendCommand(byId("mark"), { do: "mark", text: byId("mark-text").value }));
  byId("open-survey").addEventListener("click", () => {
    byId("more-dialog").close();
    byId("survey-name").value = "";
    byId("survey-dialog").showModal();
  });
  onConfirm("survey-dialog", () =>
    sendCommand(byId("more"), { do: "new survey", name: byId("survey-name").value }));
  byId("open-scale").addEventListener("click", () => {
    byId("more-dialog").close();
    const { frame } = now();
    if (frame) openScale(frame, (scale) => sendCommand(byId("more"), { do: "scale", ...scale }));
    else showMessage("There is no picture yet", false);
  });
  // A tap outside of a dialog closes it. Cancel is not a submit button: Enter presses the first one.
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.querySelector(".cancel")?.addEventListener("click", () => dialog.close("cancel"));
    dialog.addEventListener("pointerdown", (event) => {
      if (event.target === dialog) dialog.close("cancel");
    });
  }
}

function onConfirm(id, then) {
  const dialog = byId(id);
  dialog.addEventListener("close", () => {
    if (dialog.returnValue === "ok") then();
    dialog.returnValue = "";
  });
}

function showChoices(status) {
  const box = byId("choices");
  box.querySelectorAll("label").forEach((label) => label.remove());
  box.hidden = !status?.choices.length;
  for (const choice of status?.choices ?? []) {
    const label = document.createElement("label");
    const radio = document.createElement("input");
    radio.type = "radio";
    radio.name = "choice";
    radio.value = choice.name;
    radio.checked = choice.name === status.choice;
    radio.addEventListener("change", () => {
      byId("more-dialog").close();
      sendCommand(byId("more"), { do: "choose", name: choice.name });
    });
    const name = document.createElement("b");
    name.textContent = choice.name;
    const from = document.createElement("span");
    from.textContent = `alarms from ${Math.round(choice.threshold * 100)} %`;
    label.append(radio, name, from);
    box.append(label);
  }
  byId("about").textContent = status ? `Model ${status.model} · source ${status.source}` : "";
}
