/** What a leafnode's user may send to and receive from the accepting side; everything else is refused. */
export interface LinkPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/**
 * The lists that hold a peer to speaking for itself: every subject that can cross a link names the speaking site. They
 * bind on the accepting side only. The entries with `_`, no valid site, grant nothing: the broker accepts the other
 * side's wildcard interest only where some entry without `*` lies inside it. Measured on three sites and a hub.
 */
export function linkPermissions(siteId: string, peers: readonly string[]): LinkPermissions {
  const site = siteId;
  return {
    publish: [
      `chat.user.${site}.*.request.>`,
      `chat.user.${site}.*.room.>`,
      `chat.room.${site}.*.event`,
      `chat.room.${site}.*.event.>`,
      `chat.server.request.*.*.*.${site}`,
      "$JSC.R.>",
      ...peers.flatMap((peer) => [
        `chat.user.${peer}.*.event.${site}.>`,
        `chat.user.${peer}.*.response.${site}.>`,
        `_INBOX.user.${peer}.>`,
        `_INBOX.svc.${peer}.>`,
        `chat.server.request._.${peer}._.${site}`,
        `lane.${site}.${peer}.>`,
        `$JS.${peer}.API.CONSUMER.CREATE.OUTBOX_${peer}.*.outbox.${peer}.${site}.>`,
        `$JS.${peer}.API.CONSUMER.CREATE.OUTBOX_${peer}._.outbox.${peer}.${site}.>`,
        `$JS.FC.OUTBOX_${peer}.>`,
      ]),
    ],
    subscribe: [
      `chat.server.request.*.${site}.>`,
      `_INBOX.user.${site}.>`,
      `_INBOX.svc.${site}.>`,
      `$JS.${site}.API.>`,
      `$JS.FC.OUTBOX_${site}.>`,
      "$JSC.R.>",
      ...peers.flatMap((peer) => [
        `chat.user.${site}.*.event.${peer}.>`,
        `chat.user.${site}.*.response.${peer}.>`,
        `chat.room.${peer}.*.event`,
        `chat.room.${peer}.*.event.>`,
        `chat.user.${peer}.*.request.room.*.${site}.>`,
        `chat.user.${peer}.*.request.room.${site}.>`,
        `chat.user.${peer}.*.request.orgs.*.${site}.>`,
        `chat.user.${peer}.*.room.*.${site}.>`,
        `lane.${peer}.${site}.>`,
      ]),
    ],
  };
}
