import { describeCryptoSuite } from "./crypto-suite.contract.ts";
import { portableSuite } from "./portable-suite.ts";

describeCryptoSuite("portable", portableSuite);
