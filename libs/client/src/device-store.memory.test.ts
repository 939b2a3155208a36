import { deviceStoreContract } from "./device-store.contract.ts";
import { memoryDeviceStore } from "./device-store.memory.ts";

deviceStoreContract(() => Promise.resolve(memoryDeviceStore()));
