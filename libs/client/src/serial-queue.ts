/** Runs tasks one after the other, in the order they came. */
export interface SerialQueue {
  /** False, and the task is not taken, when too many wait. */
  push(task: () => Promise<void> | void): boolean;
  /** Runs the task in its turn, however many wait, and tells its outcome. */
  run<T>(task: () => Promise<T>): Promise<T>;
}

interface SerialQueueOptions {
  readonly waitingMax: number;
  readonly onError: (error: unknown) => void;
}

/** A failed task is reported and holds nobody up. */
export function createSerialQueue({ waitingMax, onError }: SerialQueueOptions): SerialQueue {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  const enqueue = <T>(task: () => Promise<T> | T): Promise<T> => {
    waiting += 1;
    const turn = last.then(task).finally(() => {
      waiting -= 1;
    });
    last = turn.catch(() => "reported by whoever pushed it");
    return turn;
  };
  return {
    run: (task) => enqueue(task),
    push(task) {
      if (waiting >= waitingMax) return false;
      enqueue(task).catch(onError);
      return true;
    },
  };
}
