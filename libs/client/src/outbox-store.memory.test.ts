import { outboxStoreContract } from "./outbox-store.contract.ts";
import { memoryOutboxStore } from "./outbox-store.memory.ts";

outboxStoreContract(() => Promise.resolve(memoryOutboxStore()));
