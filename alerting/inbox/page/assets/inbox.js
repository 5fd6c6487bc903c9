// Keeps the page up to date: it fetches its living part again whenever the stream of changes says so,
// and every 15 s for what changes by itself. Without this script the page is the same, but frozen.
"use strict";

const live = document.getElementById("live");
const link = document.getElementById("link");
const REFRESH_MS = 15000;
let isFetching = false;
let isWanted = false;

function remember() {
  const active = document.activeElement;
  return {
    open: [...live.querySelectorAll("details[open]")].map((element) => element.id),
    values: [...live.querySelectorAll("input")].map((element) => [element.id, element.value]),
    focus: live.contains(active) ? active.id : "",
    range: active && "selectionStart" in active ? active.selectionStart : null,
  };
}

function recall(kept) {
  for (const id of kept.open) {
    const element = document.getElementById(id);
    if (element) element.open = true;
  }
  for (const [id, value] of kept.values) {
    const element = document.getElementById(id);
    if (element && value) element.value = value;
  }
  const focused = kept.focus && document.getElementById(kept.focus);
  if (focused) {
    focused.focus({ preventScroll: true });
    if (kept.range !== null && focused.setSelectionRange) {
      focused.setSelectionRange(kept.range, kept.range);
    }
  }
  suggestName();
}

// Who wrote here last will most often write here next.
function suggestName() {
  const name = localStorage.getItem("name") || "";
  for (const input of live.querySelectorAll('input[name="by"]')) {
    if (!input.value) input.value = name;
  }
}

function say(mood, words) {
  link.className = `link ${mood}`;
  link.textContent = words;
}

async function refresh() {
  if (isFetching) {
    isWanted = true;
    return;
  }
  isFetching = true;
  try {
    const answer = await fetch(live.dataset.fragment, { cache: "no-store" });
    const text = await answer.text();
    const kept = remember();
    // Ours, escaped on the server; a script in it would not run, here and by the policy.
    live.innerHTML = text;
    recall(kept);
    const headline = live.querySelector("h1");
    if (headline) document.title = `${headline.textContent} · Burnrate`;
  } catch {
    say("bad", "The inbox does not answer");
  } finally {
    isFetching = false;
    if (isWanted) {
      isWanted = false;
      refresh();
    }
  }
}

function follow() {
  const source = new EventSource("/events");
  source.onopen = () => {
    say("good", "live");
    refresh();
  };
  source.onerror = () => {
    say("bad", "Not live: the inbox sends no changes");
    // A browser gives up for good on an answer that is no stream, a 503 for one.
    if (source.readyState === EventSource.CLOSED) {
      source.close();
      setTimeout(follow, 5000);
    }
  };
  for (const name of ["change", "wake", "reset"]) source.addEventListener(name, refresh);
}

live.addEventListener("submit", (event) => {
  const by = event.target.querySelector('input[name="by"]');
  if (by) localStorage.setItem("name", by.value);
});

suggestName();
follow();
setInterval(() => {
  if (!document.hidden) refresh();
}, REFRESH_MS);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});
