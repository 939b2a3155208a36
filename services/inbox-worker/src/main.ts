import { runProcess } from "@parley/site/run-process";

import { config, environment } from "./config.ts";
import { openService } from "./service.ts";

await runProcess({ process: "inbox-worker", config, environment, open: openService });
