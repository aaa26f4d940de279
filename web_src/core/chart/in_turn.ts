// Runs long work in pieces, one per frame.

type Work = () => Promise<void>;

const waiting = new Set<Work>();
let isRunning = false;

/**
 * `ask` runs the work in a separate frame; asking twice runs it once. Work that was requested last runs first, because Owl
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
  const work = [...waiting].at(-1);
  if (work === undefined) {
    isRunning = false;
    return;
  }
  waiting.delete(work);
  try {
    await work();
  } finally {
    afterPaint(() => void doNext());
  }
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
