import { noteAnswer } from "./connection";

/** What the server answered instead of what was asked for; `message` is for people. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

type Value = string | number | boolean | null | undefined;
export type Query = Record<string, Value | readonly string[]>;

const ROOT = "/console/api/";
const SIGNED_OUT = "Your session is over. Sign in again, in another tab if you have something here to save, then try again.";
const HEADERS = { "x-customlabels-console": "1" };

/** The address of a route, for images and downloads. */
export function address(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (Array.isArray(value)) (value as readonly string[]).forEach((item) => parameters.append(name, item));
    else if (value !== undefined && value !== null && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return ROOT + path + (text ? `?${text}` : "");
}

/** Reads a route. Throws ApiError. */
export function get<T>(path: string, query?: Query): Promise<T> {
  return send<T>(address(path, query), { method: "GET" });
}

/** Sends JSON to a route. Throws ApiError. */
export function post<T = object>(path: string, body: object = {}): Promise<T> {
  return send<T>(address(path), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

/** Calls an operation of Rekognition's API, with the rights of who is signed in. Throws ApiError. */
export function rekognition<T = object>(operation: string, request: object = {}): Promise<T> {
  return post<T>(`rekognition/${operation}`, request);
}

/** Ends the session. */
export function signOut(): Promise<object> {
  return send(address("session"), { method: "DELETE" });
}

/** Sends a file, telling how much of it (0 to 1) is on its way. Throws ApiError. */
export function upload<T>(
  path: string,
  query: Query,
  file: Blob,
  onProgress?: (share: number) => void,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("PUT", address(path, query));
    for (const [name, value] of Object.entries(HEADERS)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress?.(event.total ? event.loaded / event.total : 0);
    request.onload = () => {
      noteAnswer(true);
      const content = parsed(request.responseText);
      if (request.status < 300) resolve(content as T);
      else reject(failure(content, request.status));
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new ApiError("Aborted", "The upload was stopped.", 0));
    signal?.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}

/** The words of whatever was thrown. */
export function words(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function send<T>(url: string, init: RequestInit): Promise<T> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { ...init, headers: { ...HEADERS, ...init.headers }, credentials: "same-origin" });
    text = await response.text();
  } catch {
    noteAnswer(false);
    throw unreachable();
  }
  noteAnswer(true);
  const content = parsed(text);
  if (!response.ok) throw failure(content, response.status);
  return content as T;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { Message: text.slice(0, 500) };
  }
}

function failure(content: unknown, status: number): ApiError {
  if (status === 401) return new ApiError("SignInRequired", SIGNED_OUT, status);
  const { __type: code, Message: message } = content as { __type?: string; Message?: string };
  return new ApiError(code ?? `Http${status}`, message ?? `The server answered ${status}.`, status);
}

function unreachable(): ApiError {
  return new ApiError("Unreachable", "The server does not answer. Is it still running?", 0);
}
