// Keeps the page up to date: it fetches its living part again whenever the stream of changes says so,
// and every 15 s for what changes by itself. Without this script the page is the same, but frozen.
// Only visible tabs follow the stream, and few of them (places.js). The others ask, and a hidden one
// only for the verdict.
"use strict";

const live = document.getElementById("live");
const link = document.getElementById("link");
const age = document.getElementById("age");
const bell = document.getElementById("notify");
const icon = document.querySelector('link[rel="icon"]');
const REFRESH_MS = 15000;
const HIDDEN_MS = 30000;
const GIVE_UP_MS = 10000;
// Many changes at once are one.
const GATHER_MS = 300;
const OLD_MS = 40000;
const ICONS = new Set(["page", "blind", "ticket", "owned"]);
let isFetching = false;
let isWanted = false;
let shownAt = performance.now();
let glance = null;
let glanceTag = "";

// Only what somebody has changed is kept: what was cleared stays so, all else is the server's.
function isChanged(field) {
  if (!field.id) return false;
  if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected);
  return field.value !== field.defaultValue;
}

// What has no id is known by what it is and leads to, and by its number among its like.
const FOCUSABLE = "a, button, input, select, summary";

function likes(element) {
  const of = (each) => [each.tagName, each.name, each.getAttribute("href"), each.form?.action, each.textContent].join();
  const wanted = of(element);
  return () => [...live.querySelectorAll(FOCUSABLE)].filter((each) => of(each) === wanted);
}

function finder(element) {
  if (!element || element === live || !live.contains(element)) return () => null;
  if (element.id) return () => document.getElementById(element.id);
  const find = likes(element);
  const number = find().indexOf(element);
  return () => find()[number];
}

function remember() {
  const active = document.activeElement;
  return {
    open: [...live.querySelectorAll("details[open]")].map((element) => element.id),
    values: [...live.querySelectorAll("input, select")].filter(isChanged).map((element) => [element.id, element.value]),
    find: finder(active),
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
    if (element) element.value = value;
  }
  const focused = kept.find();
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
  if (link.textContent === words) return;
  link.className = `link ${mood}`;
  link.textContent = words;
}

function showAge() {
  const passed = performance.now() - shownAt;
  const seconds = Math.floor(passed / 1000);
  age.textContent = seconds < 60 ? `${seconds} s ago` : `${Math.floor(seconds / 60)} min ago`;
  age.className = passed > OLD_MS ? "age old" : "age";
}

// A server that hangs must not stop the page from saying so.
async function ask(address, headers = {}) {
  const gone = new AbortController();
  const timer = setTimeout(() => gone.abort(), GIVE_UP_MS);
  try {
    const answer = await fetch(address, { cache: "no-store", headers, signal: gone.signal });
    return { answer, text: await answer.text() };
  } finally {
    clearTimeout(timer);
  }
}

async function refresh() {
  if (!live.dataset.fragment) return;
  if (isFetching) {
    isWanted = true;
    return;
  }
  isFetching = true;
  try {
    const { answer, text } = await ask(live.dataset.fragment);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    const kept = remember();
    // Ours, escaped on the server; a script in it would not run, here and by the policy.
    live.innerHTML = text;
    recall(kept);
    shownAt = performance.now();
    showAge();
    if (link.classList.contains("bad")) {
      const isLive = source && source.readyState === EventSource.OPEN;
      say("good", isLive ? "live" : "asking every 15 s");
    }
    showGlance();
  } catch {
    say("bad", "The inbox does not answer");
  } finally {
    isFetching = false;
    if (isWanted) {
      isWanted = false;
      setTimeout(refresh, GATHER_MS);
    }
  }
}

// The verdict alone: for the title, the icon and notifications of every tab, whatever it shows.
async function look() {
  try {
    const { answer, text } = await ask("/state", glanceTag ? { "If-None-Match": glanceTag } : {});
    if (answer.status !== 304) {
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const before = glance;
      glance = JSON.parse(text);
      glanceTag = answer.headers.get("ETag") || "";
      if (before) notify(before);
    }
  } catch {
    glanceTag = "";
    glance = { mood: "blind", headline: "The inbox does not answer", detail: "", pages: 0 };
  }
  showGlance();
}

function showGlance() {
  const headline = live.querySelector("h1");
  const isFront = live.dataset.fragment.split("?")[0] === "/fragment";
  const alarm = glance && (glance.pages || glance.mood === "blind");
  if (document.hidden && glance) {
    document.title = `${glance.headline} · Burnrate`;
  } else if (headline) {
    const mark = alarm && !isFront ? `(${glance.pages || "!"}) ` : "";
    document.title = `${mark}${headline.textContent} · Burnrate`;
  }
  if (!glance) return;
  const name = ICONS.has(glance.mood) ? `icon-${glance.mood}.svg` : "icon.svg";
  if (!icon.href.endsWith(`/${name}`)) icon.href = `/assets/${name}`;
  if (wantsNotices() && navigator.setAppBadge) navigator.setAppBadge(glance.pages).catch(() => {});
}

function wantsNotices() {
  return (
    "Notification" in window && Notification.permission === "granted" && localStorage.getItem("notify") === "yes"
  );
}

function notify(before) {
  const isWorse = glance.pages > before.pages || (glance.mood === "blind" && before.mood !== "blind");
  // Of several tabs, one notification: they have one tag.
  if (isWorse && wantsNotices()) {
    new Notification(glance.headline, { body: glance.detail, tag: "burnrate", icon: "/assets/icon-page.svg" });
  }
}

function showBell() {
  // Browsers notify only from https and from this machine.
  bell.hidden = !("Notification" in window) || !window.isSecureContext;
  bell.setAttribute("aria-pressed", String(wantsNotices()));
  bell.textContent = wantsNotices() ? "Notifying" : "Notify me";
}

bell.addEventListener("click", async () => {
  if (wantsNotices()) {
    localStorage.setItem("notify", "no");
  } else if ((await Notification.requestPermission()) === "granted") {
    localStorage.setItem("notify", "yes");
  }
  showBell();
  showGlance();
});

let source = null;
let isFollowing = false;

async function follow() {
  if (isFollowing || document.hidden || !live.dataset.fragment) return;
  isFollowing = true;
  if (await takePlace(stop)) {
    open();
    return;
  }
  isFollowing = false;
  say("good", "asking every 15 s");
  refresh();
}

function open() {
  if (document.hidden) {
    stop();
    return;
  }
  source = new EventSource("/events");
  source.onopen = () => {
    say("good", "live");
    refresh();
  };
  source.onerror = () => {
    say("bad", "Not live: the inbox sends no changes");
    // A browser gives up for good on an answer that is no stream, a 503 for one.
    if (source && source.readyState === EventSource.CLOSED) {
      stop();
      setTimeout(follow, 5000);
    }
  };
  for (const name of ["change", "wake", "reset"]) {
    source.addEventListener(name, () => {
      refresh();
      look();
    });
  }
}

function stop() {
  if (source) source.close();
  source = null;
  leavePlace();
  isFollowing = false;
}

live.addEventListener("submit", (event) => {
  const by = event.target.querySelector('input[name="by"]');
  if (by) localStorage.setItem("name", by.value);
});

suggestName();
showBell();
look();
if (live.dataset.fragment) {
  follow();
  showAge();
  setInterval(showAge, 1000);
} else {
  age.hidden = true;
}
setInterval(() => {
  if (document.hidden) return;
  follow();
  refresh();
  look();
}, REFRESH_MS);
setInterval(() => {
  if (document.hidden) look();
}, HIDDEN_MS);
window.addEventListener("pagehide", stop);
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    stop();
    say("", "paused");
    return;
  }
  follow();
  refresh();
  look();
});
