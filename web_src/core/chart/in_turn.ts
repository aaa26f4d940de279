// Runs long work in pieces, so that the page stays responsive.

type Work = () => Promise<void>;

/** Longer pieces would delay the answer to a click noticeably. */
const mostMsPerFrame = 40;

const waiting = new Set<Work>();
let isRunning = false;

/**
 * `ask` runs the work in a later frame; asking twice runs it once. Work that was requested last runs first, because Owl
 * mounts the components of a page from last to first.
 */
export function inTurn(work: Work): { ask: () => void; cancel: () => void; isAsked: () => boolean } {
  return {
    ask() {
      waiting.add(work);
      if (isRunning) return;
      isRunning = true;
      setTimeout(() => void doNext());
    },
    cancel: () => waiting.delete(work),
    isAsked: () => waiting.has(work),
  };
}

async function doNext(): Promise<void> {
  const startedAt = performance.now();
  try {
    for (let work = latest(); work !== undefined && performance.now() - startedAt < mostMsPerFrame; work = latest()) {
      waiting.delete(work);
      await work();
    }
  } finally {
    if (waiting.size === 0) isRunning = false;
    else afterPaint(() => void doNext());
  }
}

function latest(): Work | undefined {
  return [...waiting].at(-1);
}

/** A page in the background gets no frames, so there is also a timer. */
function afterPaint(act: () => void): void {
  let isDue = true;
  const once = () => {
    if (isDue) act();
    isDue = false;
  };
  requestAnimationFrame(() => setTimeout(once));
  setTimeout(once, 1_000);
}
