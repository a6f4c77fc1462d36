// A browser of a few lines: just enough for the manual's recorder to listen, and a visit to hear.
const listeners = {};
let now = 1000;
let written;
globalThis.addEventListener = (name, heard) => (listeners[name] ??= []).push(heard);
globalThis.scrollX = globalThis.scrollY = 0;
globalThis.performance = { now: () => now };
globalThis.document = {
  visibilityState: "visible",
  createElement: () => ({ click() {} }),
};
globalThis.Blob = class { constructor(parts) { written = parts.join(""); } };
globalThis.URL = { createObjectURL: () => "blob:", revokeObjectURL() {} };
eval(RECORDER);

const button = { id: "buy", tagName: "BUTTON", closest() { return this; } };
const nothing = { closest: () => null };
function happens(name, after, fields = {}) {
  now += after;
  const event = { timeStamp: now, clientX: 40, clientY: 60, target: nothing, ...fields };
  for (const heard of listeners[name] ?? []) heard(event);
}
happens("pointermove", 16);
for (const name of ["pointerdown", "pointerup", "click"]) happens(name, 30, { target: button });
globalThis.scrollY = 250;
happens("scroll", 40);
happens("keydown", 50);
for (const state of ["hidden", "visible"]) {
  document.visibilityState = state;
  happens("visibilitychange", 90);
}
happens("copy", 20);
saveRecording();
process.stdout.write(written);
