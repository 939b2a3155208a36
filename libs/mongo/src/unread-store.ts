/** What a member has not looked at yet. Each ends at `UNREAD_MAX`: enough to say "99+". */
export interface UnreadCounts {
  /** Messages of others. System messages, deleted ones and thread replies that are not in the room do not count. */
  readonly unread: number;
  /** Of those, the ones that mention the account or everybody. */
  readonly mentions: number;
}

/** What a member has not looked at in the rooms that have their home here. */
export interface UnreadStore {
  /** Messages created later than `after` and not before `since` (epoch ms), as `account` counts them. */
  count(of: {
    roomId: string;
    account: string;
    after: number;
    since?: number | undefined;
  }): Promise<UnreadCounts>;
}
