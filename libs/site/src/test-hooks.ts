/** Where a process is stopped on purpose, so that a test sees what survives it. */
export interface StepHook {
  /** In room-service the type of the command. */
  readonly eventType: string;
  /**
   * The effect after which it happens, 1–11 of SPEC-rooms 4.2; 0: between gate and first write, in room-service between
   * the append's acknowledgement and the reply.
   */
  readonly step: number;
  readonly signal: "SIGKILL" | "SIGSTOP";
}

/** Switches that only tests set; a production environment has none of them. */
export interface TestHooks {
  /** `PARLEY_TEST_DELIVER_TWICE=1`: every stream message is handled twice, as a redelivery would. */
  readonly deliverTwice: boolean;
  /** `PARLEY_TEST_STOP_AFTER=members_removed:5:SIGKILL`: the process sends itself the signal there, once. */
  readonly stopAfter: StepHook | undefined;
}

const FORM = /^(?<eventType>[a-z_.]+):(?<step>\d{1,2}):(?<signal>SIGKILL|SIGSTOP)$/;

/** Reads the switches. Throws when one is malformed: a test that stops nothing would prove nothing. */
export function testHooksOf(environment: Readonly<Record<string, string | undefined>>): TestHooks {
  const text = environment["PARLEY_TEST_STOP_AFTER"];
  const found = text === undefined ? undefined : FORM.exec(text)?.groups;
  if (text !== undefined && !found)
    throw new Error("PARLEY_TEST_STOP_AFTER must look like members_removed:5:SIGKILL");
  return {
    deliverTwice: environment["PARLEY_TEST_DELIVER_TWICE"] === "1",
    stopAfter: found && {
      eventType: found["eventType"] ?? "",
      step: Number(found["step"]),
      signal: found["signal"] === "SIGSTOP" ? "SIGSTOP" : "SIGKILL",
    },
  };
}

/** Called after each effect of each event, in room-service after each append. */
export type AfterStep = (eventType: string, step: number) => void;

/** Sends this process the hook's signal the first time its place is reached. */
export function createAfterStep(hook: StepHook | undefined): AfterStep {
  let armed = hook;
  return (eventType, step) => {
    if (armed?.eventType !== eventType || armed.step !== step) return;
    const { signal } = armed;
    armed = undefined;
    process.kill(process.pid, signal);
  };
}
