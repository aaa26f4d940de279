// Work that takes long, one piece a frame.

type Work = () => Promise<void>;

const waiting = new Set<Work>();
let isRunning = false;

/**
 * `ask` has it done in a frame of its own; asking twice has it done once. Who asked last comes first: Owl tells the
 * components of a page that they are there from its end to its beginning.
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

/** A page in the background gets no frames: the second timer is for those. */
function afterPaint(act: () => void): void {
  let isDue = true;
  const once = () => {
    if (isDue) act();
    isDue = false;
  };
  requestAnimationFrame(() => setTimeout(once));
  setTimeout(once, 1_000);
}
