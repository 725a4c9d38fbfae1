import { describe, expect, it } from "vitest";
import { fatal } from "./cache";
import { ApiError } from "./client";

describe("fatal", () => {
  const away = new ApiError("Unreachable", "The server does not answer.", 0);
  const over = new ApiError("SignInRequired", "Your session is over.", 401);
  const gone = new ApiError("ResourceNotFoundException", "There is no such project.", 400);

  it.each([
    ["nothing went wrong", { error: null, data: 1 }, null],
    ["the server is away, and nothing was read before", { error: away, data: undefined }, away],
    ["the server is away, and what was read stays", { error: away, data: 1 }, null],
    ["the session is over, and what was read stays", { error: over, data: 1 }, null],
    ["what was read is gone", { error: gone, data: 1 }, gone],
  ])("%s", (_, asked, error) => {
    expect(fatal({ error: null, data: 1 }, asked)).toBe(error);
  });
});
