/** Twenty colours that people tell apart at a glance, after Sasha Trubetskoy's list; pale ones left out. */
const PALETTE = [
  "#e6194b", "#3cb44b", "#ffd119", "#4363d8", "#f58231", "#a53bc4", "#42d4f4", "#f032e6", "#bfef45", "#fa9fb5",
  "#2fa59b", "#b79cff", "#b5702c", "#66e0a3", "#d13438", "#9a9a12", "#ffb37a", "#5b7cff", "#0f8f4f", "#c2447f",
] as const;

const HEX = /^#[0-9a-f]{6}$/i;

/**
 * The colour of a label: `given` if it is a `#rrggbb`, else one of twenty by the name alone, so that it is the same on
 * every page and in every session. Where the whole list is known `labelColours` also keeps two labels from sharing one.
 */
export function labelColour(name: string, given?: string | null): string {
  return given && HEX.test(given) ? given.toLowerCase() : palette(slot(name));
}

/** A colour for each label. A label whose own colour is taken by one earlier in the list gets the next free one. */
export function labelColours(
  labels: readonly { name: string; colour?: string | null }[],
): ReadonlyMap<string, string> {
  const colours = new Map<string, string>();
  const taken = new Set(labels.flatMap((label) => (label.colour ? [labelColour(label.name, label.colour)] : [])));
  for (const { name, colour } of labels) {
    let chosen = labelColour(name, colour);
    if (chosen === palette(slot(name)) && taken.has(chosen) && taken.size < PALETTE.length) {
      const from = slot(name);
      chosen = PALETTE.map((_, step) => palette(from + step)).find((other) => !taken.has(other)) ?? chosen;
    }
    taken.add(chosen);
    colours.set(name, chosen);
  }
  return colours;
}

/** Black or white, whichever reads better on `background` (`#rrggbb`), by WCAG relative luminance. */
export function textColour(background: string): "#000000" | "#ffffff" {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const channel = parseInt(background.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  // 0.179 is where black and white reach the same contrast ratio.
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? "#000000" : "#ffffff";
}

function palette(slot: number): string {
  return PALETTE[slot % PALETTE.length] ?? PALETTE[0];
}

/** FNV-1a over UTF-16 units, as a place in the palette. */
function slot(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % PALETTE.length;
}
