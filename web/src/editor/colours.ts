/** Twenty colours that people tell apart at a glance, after Sasha Trubetskoy's list; pale ones left out. */
const PALETTE = [
  "#e6194b", "#3cb44b", "#ffd119", "#4363d8", "#f58231", "#a53bc4", "#42d4f4", "#f032e6", "#bfef45", "#fa9fb5",
  "#2fa59b", "#b79cff", "#b5702c", "#66e0a3", "#d13438", "#9a9a12", "#ffb37a", "#5b7cff", "#0f8f4f", "#c2447f",
] as const;

/** Below this difference two colours are taken for the same at the width of a box's edge. */
const TOO_NEAR = 250;

/**
 * The colour of a label: `given` if it is a `#rrggbb`, else one of twenty by the name alone, so that it is the same on
 * every page and in every session. Where the whole list is known `labelColours` also keeps two labels from sharing one.
 */
export function labelColour(name: string, given?: string | null): string {
  return isColour(given) ? given.toLowerCase() : (PALETTE[slot(name)] ?? PALETTE[0]);
}

/**
 * A colour for each label. A label whose own colour is too near to one earlier in the list gets the farthest one left.
 */
export function labelColours(
  labels: readonly { name: string; colour?: string | null }[],
): ReadonlyMap<string, string> {
  const taken = labels.flatMap(({ name, colour }) => (isColour(colour) ? [labelColour(name, colour)] : []));
  const space = (colour: string) => Math.min(...taken.map((other) => difference(colour, other)));
  const colours = new Map<string, string>();
  for (const { name, colour } of labels) {
    let chosen = labelColour(name, colour);
    if (!isColour(colour)) {
      if (space(chosen) < TOO_NEAR) {
        chosen = PALETTE.reduce((best, next) => (space(next) > space(best) ? next : best), chosen);
      }
      taken.push(chosen);
    }
    colours.set(name, chosen);
  }
  return colours;
}

/** Black or white, whichever reads better on `background` (`#rrggbb`), by WCAG relative luminance. */
export function textColour(background: string): "#000000" | "#ffffff" {
  const [red, green, blue] = channels(background).map((value) => {
    const channel = value / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  // 0.179 is where black and white reach the same contrast ratio.
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000000" : "#ffffff";
}

function isColour(text: string | null | undefined): text is string {
  return /^#[0-9a-f]{6}$/i.test(text ?? "");
}

function channels(colour: string): [red: number, green: number, blue: number] {
  const at = (start: number) => parseInt(colour.slice(start, start + 2), 16);
  return [at(1), at(3), at(5)];
}

/** How different two colours look, 0 to about 765: Riemersma's weighted distance ("redmean"). */
function difference(a: string, b: string): number {
  const [first, second] = [channels(a), channels(b)];
  const red = (first[0] + second[0]) / 2;
  const weights = [2 + red / 256, 4, 2 + (255 - red) / 256] as const;
  return Math.sqrt(weights.reduce((sum, weight, at) => sum + weight * ((first[at] ?? 0) - (second[at] ?? 0)) ** 2, 0));
}

/** FNV-1a over UTF-16 units, as a place in the palette. */
function slot(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % PALETTE.length;
}
