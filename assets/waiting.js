// Counts down, and goes on to the outcome as soon as there is one.
const region = document.querySelector("[data-waiting]");
if (region) {
  const end = Date.now() + Number(region.dataset.left) * 1000;
  const clock = region.querySelector("[data-clock]");
  const bar = region.querySelector("progress");
  const aloud = region.querySelector("[data-aloud]");
  let told = Number(region.dataset.left) <= 30;
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    clock.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    bar.value = left;
    if (!told && left <= 30) {
      told = true;
      aloud.textContent = aloud.dataset.aloud;
    }
    if (left === 0) {
      // A code that can't be used any more is not shown for a moment longer.
      for (const part of region.querySelectorAll("[data-code]")) {
        part.remove();
      }
      clearInterval(timer);
      setTimeout(() => location.reload(), 1500);
    }
  };
  const timer = setInterval(tick, 1000);
  tick();
  const stream = new EventSource(region.dataset.waiting);
  stream.addEventListener("ended", () => {
    stream.close();
    location.reload();
  });
  addEventListener("pagehide", () => stream.close());
}
