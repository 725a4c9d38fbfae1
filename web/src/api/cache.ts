import { QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "./client";

/** What has been read from the server. Where an answer says that the session is over, who is signed in is asked anew. */
export function newCache(): QueryClient {
  const cache: QueryClient = new QueryClient({
    queryCache: new QueryCache({
      onError: (error, query) => {
        if (isSignedOut(error) && query.queryKey[0] !== "me") void cache.invalidateQueries({ queryKey: ["me"] });
      },
    }),
    defaultOptions: {
      // The server may be on this very machine: a browser without a network reaches it all the same.
      queries: { refetchOnWindowFocus: true, staleTime: 500, networkMode: "always", retry },
    },
  });
  return cache;
}

/** Whether an answer says that nobody is signed in, or not any more. */
export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

interface Asked {
  error: Error | null;
  data: unknown;
}

/** The first error of queries that keeps a page from being shown. What was read before outlives a server's absence. */
export function fatal(...asked: Asked[]): Error | null {
  return asked.find(({ error, data }) => error && !(data !== undefined && isPassing(error)))?.error ?? null;
}

/** What the server refuses it will refuse again. */
function retry(failures: number, error: Error): boolean {
  return failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 500);
}

/** The server is away, the session over, or a dataset in work for the moment. */
function isPassing(error: Error): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.status === 0 || error.status === 401 || error.status >= 500 || error.code === "ResourceNotReadyException";
}
