import type { DirectoryEntry } from "@parley/contract/directory";
import type { AnyRequest, RequestDeclaration } from "@parley/contract/request";
import type { Actor } from "@parley/contract/shapes";
import type { TokensOf } from "@parley/contract/subject";
import type { z } from "zod";

import type { Trace } from "./trace.ts";

/** What a handler knows of a request once everything that can be checked without it has been. */
interface Received<T extends string, B extends z.ZodType> {
  readonly tokens: TokensOf<T>;
  readonly body: z.output<B>;
  readonly requestId: string;
  readonly trace: Trace;
  /** Milliseconds since the request was received. */
  elapsedMs(): number;
}

/** A request of an account, known, enabled and at home where it says. */
export interface UserRequest<T extends string, B extends z.ZodType> extends Received<T, B> {
  readonly caller: DirectoryEntry;
  /** Who acts: the subject's account, for agents with whom the directory says they act for. */
  readonly actor: Actor;
}

/** A request of a process, of this site or a peer. */
export interface ServerRequest<T extends string, B extends z.ZodType> extends Received<T, B> {
  readonly fromSite: string;
}

/** One request of the contract and what answers it. */
export type Endpoint =
  | { readonly kind: "user"; readonly declaration: AnyRequest; readonly handle: UserHandler }
  | { readonly kind: "server"; readonly declaration: AnyRequest; readonly handle: ServerHandler };

type UserHandler = (request: UserRequest<string, z.ZodType>) => Promise<object>;
type ServerHandler = (request: ServerRequest<string, z.ZodType>) => Promise<object>;

/** Answers a client. The handler throws `Failure` for a refusal; anything else it throws is an accident. */
export const userEndpoint = <T extends string, B extends z.ZodType, R extends z.ZodType>(
  declaration: RequestDeclaration<T, B, R>,
  handle: (request: UserRequest<T, B>) => Promise<z.input<R>>,
): Endpoint => ({ kind: "user", declaration, handle: handle as UserHandler });

/** Answers a process. */
export const serverEndpoint = <T extends string, B extends z.ZodType, R extends z.ZodType>(
  declaration: RequestDeclaration<T, B, R>,
  handle: (request: ServerRequest<T, B>) => Promise<z.input<R>>,
): Endpoint => ({ kind: "server", declaration, handle: handle as ServerHandler });
