// Which tabs of a browser follow the stream: three at most, since a browser has six connections to one
// server and a stream keeps one. A tab holds a place by a lock. Where there are none, since locks need
// https or this machine, it writes its name into what all tabs store, again and again while it follows.
"use strict";

const MOST_STREAMS = 3;
// A tab that has ended without a word leaves its place.
const HELD_MS = 40000;
// Of tabs that write at once, the last one has the place.
const SETTLE_MS = 300;
const ownName = `${Math.random()}`;
let leave = null;

// Returns whether this tab has a place; `lost` is called if another one takes it away.
async function takePlace(lost) {
  for (let number = 0; number < MOST_STREAMS; number += 1) {
    const place = `burnrate-stream-${number}`;
    // A browser may refuse both, locks and storage: then this tab asks.
    const held = navigator.locks ? lock(place) : write(place, lost);
    if (await held.catch(() => false)) return true;
  }
  return false;
}

function leavePlace() {
  if (leave) leave();
  leave = null;
}

function lock(place) {
  return new Promise((tell, refuse) => {
    navigator.locks
      .request(place, { ifAvailable: true }, (held) => {
        tell(held !== null);
        return held && new Promise((release) => (leave = release));
      })
      .catch(refuse);
  });
}

function isTaken(place) {
  const [name, until] = (localStorage.getItem(place) || "").split(" ");
  return name !== "" && name !== ownName && Number(until) > Date.now();
}

async function write(place, lost) {
  const hold = () => localStorage.setItem(place, `${ownName} ${Date.now() + HELD_MS}`);
  if (isTaken(place)) return false;
  hold();
  await new Promise((settled) => setTimeout(settled, SETTLE_MS));
  if (isTaken(place)) return false;
  const again = setInterval(() => (isTaken(place) ? lost() : hold()), HELD_MS / 4);
  leave = () => {
    clearInterval(again);
    if (!isTaken(place)) localStorage.removeItem(place);
  };
  return true;
}
