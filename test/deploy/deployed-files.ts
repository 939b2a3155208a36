import { hubConfig, siteConfig } from "./broker-config.ts";
import { composeFile, environmentExample } from "./compose-file.ts";
import { acceptingBroker, HUB, LAYOUTS } from "./layouts.ts";

/** The files under `deploy` that follow from the code; paths count from the root of the checkout. */
export function deployedFiles(): { path: string; text: string }[] {
  return LAYOUTS.flatMap((layout) => {
    const nats = `deploy/nats/${layout.name}`;
    const compose = `deploy/compose/${layout.name}`;
    const hub =
      acceptingBroker(layout) === HUB ? [{ path: `${nats}/${HUB}.conf`, text: hubConfig(layout) }] : [];
    return [
      { path: `${compose}.yaml`, text: composeFile(layout) },
      { path: `${compose}.env.example`, text: environmentExample(layout) },
      ...layout.sites.map((site) => ({
        path: `${nats}/${site.siteId}.conf`,
        text: siteConfig(layout, site),
      })),
      ...hub,
    ];
  });
}
