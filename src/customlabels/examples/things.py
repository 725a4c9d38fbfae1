"""Several things to a picture, drawn: stars, keys, cups, leaves, umbrellas and fish, two to four kinds at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image

from customlabels.examples.drawn import Drawing, Drawn
from customlabels.examples.scenes import SIZE, Rng, background, colour, lit, noise, pick
from customlabels.examples.sprites import (
    CANVAS,
    flat,
    free_place,
    inside,
    modelled,
    put,
    silhouette,
    sized,
    stacked,
)
from customlabels.manifest.entry import Box

LABELS = ("Star", "Key", "Cup", "Leaf", "Umbrella", "Fish")
TRAIN, TEST = 48, 16
_FULL = (CANVAS, CANVAS)
_BRIGHT = ("#d8433f", "#3f6fd8", "#3fa35b", "#e0a02f", "#8d4fb8", "#2fa7a7", "#e06f9f", "#f4f1ea")


def picture(rng: Rng, i: int) -> Drawn:
    """Two to four kinds of things, one of each: the kinds take turns to be in, the others are drawn by lot."""
    image = background(rng)
    taken: list[Box] = []
    turn = i % len(LABELS)
    others = [int(kind) for kind in rng.permutation(len(LABELS)) if kind != turn]
    for kind in (turn, *others[: int(rng.choice((1, 2, 2, 3)))]):
        label = LABELS[kind]
        thing = sized(_DRAW[label](rng), int(rng.integers(120, 190)), float(rng.normal(0, _TILT[label])))
        place = free_place(SIZE, thing.size, taken, rng)
        if place is not None:
            put(image, thing, *place)
            taken.append(Box(label, *place, *thing.size))
    found = {box.label for box in taken}
    return Drawn(lit(image, rng), tuple(label for label in LABELS if label in found))


def star(rng: Rng) -> Image.Image:
    """A five-pointed star."""
    inner = rng.uniform(18, 23)
    turns = -np.pi / 2 + np.arange(10) * np.pi / 5
    radius = np.where(np.arange(10) % 2, inner, 46)
    points = np.stack([50 + radius * np.cos(turns), 52 + radius * np.sin(turns)], 1)
    body = silhouette(("polygon", points.ravel().tolist()))
    return modelled(body, colour(pick(("#f4c430", "#ffd94a", "#e8a91c", "#f7e27a"), rng), rng, 8), 1.5, 0.035, 0.4)


def key(rng: Rng) -> Image.Image:
    """An old door key: a ring, a shaft, two or three teeth."""
    teeth = [
        ("polygon", (x, 50, x + 6, 50, x + 6, 50 + drop, x, 50 + drop))
        for x, drop in zip((70, 80, 90), rng.uniform(12, 22, 3), strict=True)
    ][int(rng.integers(2)) :]
    body = silhouette(
        ("ellipse", (2, 30, 42, 70)),
        ("-ellipse", (11, 39, 33, 61)),
        ("polygon", (38, 45, 97, 45, 97, 54, 38, 54)),
        ("polygon", (44, 41, 49, 41, 49, 58, 44, 58)),
        *teeth,
    )
    metal = colour(pick(("#c9a24a", "#b8bcc4", "#9a6b3c", "#d9b862"), rng), rng, 8)
    return modelled(body, metal, 1.6, 0.02, 0.5)


def cup(rng: Rng) -> Image.Image:
    """A mug with a handle, a stripe or dots, and something to drink in it."""
    glaze = colour(pick(_BRIGHT, rng), rng)
    handle = silhouette(("ellipse", (58, 34, 94, 74)), ("-ellipse", (66, 42, 86, 66)))
    wall = silhouette(
        ("polygon", (14, 26, 74, 26, 69, 84, 19, 84)), ("ellipse", (19, 77, 69, 91)), ("ellipse", (14, 17, 74, 35))
    )
    other = colour(pick(_BRIGHT, rng), rng)
    if rng.random() < 0.5:
        pattern = silhouette(("polygon", (10, 50, 80, 50, 80, 62, 10, 62)))
    else:
        pattern = silhouette(*(("ellipse", (x, y, x + 9, y + 9)) for x in (22, 40, 58) for y in (44, 62)))
    drink = np.array((92, 58, 34) if rng.random() < 0.6 else (186, 140, 70))
    return stacked(
        modelled(handle, glaze, 1.3, 0.03),
        modelled(wall, glaze, 1.4, 0.1),
        inside(modelled(pattern, other, 0.6, 0.1, 0.0), wall),
        flat(silhouette(("ellipse", (14, 17, 74, 35))), glaze * 0.82),
        flat(silhouette(("ellipse", (18, 19.5, 70, 33))), drink),
    )


def leaf(rng: Rng) -> Image.Image:
    """A leaf with its veins, green or in autumn's colours."""
    t = np.linspace(0, 1, 40)
    half = rng.uniform(22, 30) * np.sin(np.pi * t**0.8) + 1.6 * np.sin(t * np.pi * 14) * np.sin(np.pi * t)
    y = 84 - 80 * t
    points = np.concatenate([np.stack([50 - half, y], 1), np.stack([50 + half, y], 1)[::-1]])
    blade = silhouette(("polygon", points.ravel().tolist()))
    tone = colour(pick(("#4c9a3f", "#6fb04a", "#2f7a3f", "#c96a2b", "#d99a2f", "#b0402f"), rng), rng, 8)
    veins: list[tuple[str, tuple[float, ...]]] = [("line", (1.6, 50, 96, 50, 8))]
    for at in (0.2, 0.36, 0.52, 0.68):
        reach = float(np.interp(at + 0.14, t, half)) * 0.85
        veins += [("line", (0.9, 50, 84 - 80 * at, 50 + side * reach, 84 - 80 * (at + 0.14))) for side in (-1, 1)]
    mottled = tone + (noise(rng, _FULL, (60, 60)) * 12)[..., None]
    stalk = silhouette(("line", (2.6, 50, 97, 50, 80)))
    return stacked(
        flat(stalk, tone * 0.6),
        modelled(blade, mottled, 1.0, 0.05, 0.15),
        inside(flat(silhouette(*veins), tone * 0.62), blade),
    )


def umbrella(rng: Rng) -> Image.Image:
    """An open umbrella with panels of two colours and a crook."""
    first, second = colour(pick(_BRIGHT, rng), rng), colour(pick(_BRIGHT, rng), rng)
    scallops = [("-ellipse", (4 + 23 * k, 44, 27 + 23 * k, 60)) for k in range(4)]
    canopy = silhouette(("ellipse", (4, 8, 96, 96)), ("-polygon", (0, 52, 100, 52, 100, 100, 0, 100)), *scallops)
    panel = silhouette(("ellipse", (27, 8, 73, 96)))
    outer = modelled(canopy, first, 1.2, 0.09, 0.3)
    inner = inside(modelled(panel, second, 0.5, 0.09, 0.2), canopy)
    rib = inside(flat(silhouette(("line", (0.8, 50, 8, 50, 52))), second * 0.6), canopy)
    crook = silhouette(
        ("line", (2.6, 50, 4, 50, 88)),
        ("ellipse", (50 - 1.3, 80, 66, 97)),
        ("-ellipse", (52, 81, 63, 94)),
        ("-polygon", (52, 74, 68, 74, 68, 87, 52, 87)),
    )
    stick = modelled(crook, colour("#6b4a2f", rng, 6), 1.0, 0.01)
    return stacked(stick, outer, inner, rib)


def fish(rng: Rng) -> Image.Image:
    """A fish from the side with fins, a gill and an eye; some swim the other way."""
    skin, other = colour(pick(_BRIGHT[:7], rng), rng), colour(pick(_BRIGHT, rng), rng)
    body = silhouette(("ellipse", (6, 28, 74, 74)))
    fins = silhouette(
        ("polygon", (66, 51, 96, 26, 90, 51, 96, 76)),
        ("polygon", (30, 32, 46, 14, 60, 34)),
        ("polygon", (36, 70, 46, 86, 54, 70)),
    )
    scales = (np.sin(np.arange(CANVAS) / 5)[None, :] * np.sin(np.arange(CANVAS) / 5)[:, None] * 14).astype(np.float32)
    stripes = silhouette(*(("line", (5, x, 20, x + 5, 51, x, 84)) for x in (36, 50))) if rng.random() < 0.5 else None
    layers = [modelled(fins, other, 1.0, 0.02, 0.1), modelled(body, skin + scales[..., None], 1.2, 0.09, 0.4)]
    if stripes is not None:
        layers.append(inside(flat(stripes, other), body))
    layers += [
        flat(silhouette(("line", (1.4, 27, 38, 31, 50, 27, 63))), skin * 0.6),
        flat(silhouette(("ellipse", (14, 40, 24, 50))), np.array((250, 250, 246))),
        flat(silhouette(("ellipse", (16, 42, 21.5, 47.5))), np.array((20, 20, 24))),
        flat(silhouette(("line", (1.2, 8, 57, 15, 59))), skin * 0.5),
    ]
    whole = stacked(*layers)
    return whole.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else whole


_DRAW: dict[str, Callable[[Rng], Image.Image]] = {
    "Star": star,
    "Key": key,
    "Cup": cup,
    "Leaf": leaf,
    "Umbrella": umbrella,
    "Fish": fish,
}
_TILT = {"Star": 30.0, "Key": 70.0, "Cup": 12.0, "Leaf": 60.0, "Umbrella": 22.0, "Fish": 18.0}
THINGS = Drawing("objects", 1, LABELS, TRAIN, TEST, picture)
