import { describeCryptoSuite } from "./crypto-suite.contract.ts";
import { nodeSuite } from "./node-suite.ts";

describeCryptoSuite("node", nodeSuite);
